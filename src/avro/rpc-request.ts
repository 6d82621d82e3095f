/** A call of a peer, and the connection on which it came: what the owner of an Avro RPC server gets. */

/** One call of a peer. Exactly one of `reply` and `fail` is to be called; on a closed connection they do nothing. */
export interface RpcRequest {
  readonly message: string;
  /** The Avro-encoded parameters as they came. */
  readonly params: Buffer;
  readonly connection: RpcConnection;
  /** Answers with an Avro-encoded result. */
  reply(result: Buffer): void;
  /** Answers with an error of the RPC itself. */
  fail(errorText: string): void;
  /** Answers with what was thrown over the request, and says so in the log, once for each connection. */
  refuse(error: unknown): void;
}

/** The connection a call came on. */
export interface RpcConnection {
  readonly id: number;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly closed: boolean;
  /** Whether the peer is one of our clients, which have many requests in flight and end the connection after one that failed. */
  readonly pipelines: boolean;
  /** Stops reading from it until the function that it returns is called: what comes behind the request must wait for it. */
  holdReading(): () => void;
  /** Calls `listener` when the connection closes; returns how to take it back. */
  onClose(listener: () => void): () => void;
  /** Closes it, with `reason` in the log. */
  close(reason: string): void;
}
