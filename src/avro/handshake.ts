/**
 * The handshake that opens each connection of Avro RPC: both sides tell the hash of their protocol, and the text of it
 * where the other side does not know the hash. Source: Avro 1.11 specification, "Protocol Wire Format", "Handshake".
 */
import { StreamjobError } from '../core/errors.ts';
import { lazyType } from './lazy-type.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { type AvroReader, META_LIMITS } from './reader.ts';

/** Whether the server knew the client's protocol and the client the server's: BOTH, only the server's was wrong: CLIENT, or NONE. */
export type Match = 'BOTH' | 'CLIENT' | 'NONE';

const MATCHES: readonly Match[] = ['BOTH', 'CLIENT', 'NONE'];

/** Key of the handshake's metadata by which our clients make themselves known; real Flume ignores it. */
export const CLIENT_META = 'streamjob.client';
/** Key by which our servers tell such a client how many requests it may have in flight on a connection. */
export const PIPELINE_META = 'streamjob.pipeline';

/** The longest text of a protocol that is read, in bytes; Flume's has about a thousand. */
const MOST_PROTOCOL_BYTES = 64 * 1024;

const hashType = { type: 'fixed' as const, size: 16, name: 'MD5' };
const metaType = { type: 'map' as const, values: 'bytes' };

const requestType = lazyType(() => ({
  type: 'record',
  name: 'HandshakeRequest',
  fields: [
    { name: 'clientHash', type: hashType },
    { name: 'clientProtocol', type: ['null', 'string'] },
    { name: 'serverHash', type: 'MD5' },
    { name: 'meta', type: ['null', metaType] },
  ],
}));

const responseType = lazyType(() => ({
  type: 'record',
  name: 'HandshakeResponse',
  fields: [
    {
      name: 'match',
      type: { type: 'enum', name: 'HandshakeMatch', symbols: [...MATCHES] },
    },
    { name: 'serverProtocol', type: ['null', 'string'] },
    { name: 'serverHash', type: ['null', hashType] },
    { name: 'meta', type: ['null', metaType] },
  ],
}));

/** What a client says at first. */
export interface HandshakeRequest {
  readonly clientHash: Buffer;
  readonly clientProtocol: string | null;
  readonly serverHash: Buffer;
  readonly meta: ReadonlyMap<string, Buffer>;
}

/** What a server answers. */
export interface HandshakeResponse {
  readonly match: Match;
  readonly serverProtocol: string | null;
  readonly serverHash: Buffer | null;
  readonly meta: ReadonlyMap<string, Buffer>;
}

/** A client's handshake; Java's clients write their metadata as an empty map, never as null. */
export function encodeHandshakeRequest(request: HandshakeRequest): Buffer {
  return requestType().toBuffer({
    ...request,
    meta: Object.fromEntries(request.meta),
  });
}

/** @throws StreamjobError PROTOCOL_ERROR when there is no handshake at the reader's position */
export function readHandshakeRequest(reader: AvroReader): HandshakeRequest {
  const clientHash = reader.fixed(16);
  const clientProtocol = reader.branch(2) === 1 ? reader.string(MOST_PROTOCOL_BYTES) : null;
  const serverHash = reader.fixed(16);
  const meta = reader.branch(2) === 1 ? reader.bytesMap(META_LIMITS) : new Map<string, Buffer>();
  return { clientHash, clientProtocol, serverHash, meta };
}

/** @throws StreamjobError PROTOCOL_ERROR when there is no handshake at the reader's position */
export function readHandshakeResponse(reader: AvroReader): HandshakeResponse {
  const match = MATCHES[reader.branch(MATCHES.length)];
  if (match === undefined) throw new StreamjobError('PROTOCOL_ERROR', 'the handshake has no known match');
  const serverProtocol = reader.branch(2) === 1 ? reader.string(MOST_PROTOCOL_BYTES) : null;
  const serverHash = reader.branch(2) === 1 ? Buffer.from(reader.fixed(16)) : null;
  const meta = reader.branch(2) === 1 ? reader.bytesMap(META_LIMITS) : new Map<string, Buffer>();
  return { match, serverProtocol, serverHash, meta };
}

/**
 * A client's look at the answer to its handshake.
 * @returns how many calls the server lets it have in flight: 1 unless it says more
 * @throws StreamjobError HANDSHAKE_FAILED when the server does not take our protocol, or speaks another one
 */
export function acceptServer(response: HandshakeResponse, protocol: RpcProtocol, remote: string): number {
  const { match, serverProtocol, meta } = response;
  const failed = (what: string): StreamjobError => new StreamjobError('HANDSHAKE_FAILED', what, { where: remote });
  if (match === 'NONE') throw failed(`${remote} does not accept the protocol ${protocol.name}`);
  if (serverProtocol !== null && !protocol.messages.some((name) => serverProtocol.includes(`"${name}"`)))
    throw failed(`${remote} speaks another protocol than ${protocol.name}`);
  const pipeline = Number(meta.get(PIPELINE_META)?.toString('utf8') ?? '1');
  return Number.isSafeInteger(pipeline) && pipeline > 0 ? pipeline : 1;
}

/** Hashes of client protocols beside our own that a server remembers; a hostile client could otherwise fill the memory. */
const MOST_KNOWN_CLIENTS = 1000;

/** A server's side: which clients it knows (for all its connections), and what it answers. */
export class HandshakeTable {
  readonly #protocol: RpcProtocol;
  readonly #known = new Set<string>();
  readonly #pipeline: number;

  /** @param pipeline how many requests in flight our own clients are told they may have */
  constructor(protocol: RpcProtocol, pipeline: number) {
    this.#protocol = protocol;
    this.#pipeline = pipeline;
    this.#known.add(protocol.hash.toString('hex'));
  }

  /**
   * The answer to `request`, whether the connection is connected by it, and whether the client is one of ours, which have many
   * requests in flight. When it is not (NONE), nothing follows the
   * handshake in the answer, and the client sends its call again with its protocol's text.
   * @throws StreamjobError HANDSHAKE_FAILED when the client's protocol lacks our messages
   */
  answer(request: HandshakeRequest): { bytes: Buffer; connected: boolean; pipelines: boolean } {
    const clientHash = request.clientHash.toString('hex');
    const pipelines = request.meta.has(CLIENT_META);
    const known = this.#known.has(clientHash);
    if (!known && request.clientProtocol === null)
      return { bytes: this.#encode('NONE', request), connected: false, pipelines };
    if (!known && request.clientProtocol !== null) {
      checkClientProtocol(request.clientProtocol, this.#protocol);
      if (this.#known.size < MOST_KNOWN_CLIENTS) this.#known.add(clientHash);
    }
    const match = request.serverHash.equals(this.#protocol.hash) ? 'BOTH' : 'CLIENT';
    return { bytes: this.#encode(match, request), connected: true, pipelines };
  }

  #encode(match: Match, request: HandshakeRequest): Buffer {
    const ours = request.meta.has(CLIENT_META);
    return responseType().toBuffer({
      match,
      serverProtocol: match === 'BOTH' ? null : this.#protocol.text,
      serverHash: match === 'BOTH' ? null : this.#protocol.hash,
      // Flume's clients get null, byte for byte what Flume's own server answers.
      meta: ours ? { [PIPELINE_META]: Buffer.from(String(this.#pipeline)) } : null,
    });
  }
}

/** A client may have further messages, but its protocol must be JSON and have at least one of ours. */
function checkClientProtocol(text: string, ours: RpcProtocol): void {
  let messages: unknown;
  try {
    messages = (JSON.parse(text) as { messages?: unknown } | null)?.messages;
  } catch (cause) {
    throw new StreamjobError('HANDSHAKE_FAILED', "the text of the client's protocol is not JSON", { cause });
  }
  const names = typeof messages === 'object' && messages !== null ? Object.keys(messages) : [];
  if (!names.some((name) => ours.messages.includes(name))) {
    throw new StreamjobError('HANDSHAKE_FAILED', `the client speaks another protocol than ${ours.name}`);
  }
}
