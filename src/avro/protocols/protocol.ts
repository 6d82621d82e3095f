/** What both ends of an Avro RPC need to know of a protocol: its text, its hash, and the names of its messages. */

/** A protocol of Avro RPC. */
export interface RpcProtocol {
  readonly name: string;
  /** The protocol as JSON, sent to a peer that does not know the hash. */
  readonly text: string;
  /** The 16 bytes that real peers send for this protocol (an MD5 over their own text of it). */
  readonly hash: Buffer;
  readonly messages: readonly string[];
}
