/** Requests of Flume's Avro RPC as bytes that are made once and sent again and again; only the serial differs. */
import { encodeLong } from '../../../src/avro/event-block.ts';
import { encodeHandshakeRequest } from '../../../src/avro/handshake.ts';
import { flumeProtocol } from '../../../src/avro/protocols/flume.ts';

/** Java's Avro hands its requests over in pieces of this size, and so does each real Flume. */
const PIECE_BYTES = 8192;
/** Avro's name of a call, behind a handshake or not: empty metadata, then the message. */
const APPEND_BATCH = Buffer.concat([Buffer.of(0), encodeLong('appendBatch'.length), Buffer.from('appendBatch')]);
const POOL = 20;
/** Of all pre-encoded frames; many different keys need many frames. */
const MOST_POOL_BYTES = 512 * 1024 * 1024;

/** What the events of a load are like. */
export interface Content {
  /** Events of a request. */
  readonly batch: number;
  /** Different words: word0 up to this. */
  readonly vocabulary: number;
  readonly wordsPerEvent: number;
  /** Bodies of exactly so many bytes, of one word again and again; 0: as long as their words are. */
  readonly bodyBytes: number;
}

/** Small and always the same, so that runs are alike. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Makes the bodies of a load, one after the other; `frames` requests have each word of a large vocabulary. */
function bodiesOf({ batch, vocabulary, wordsPerEvent, bodyBytes }: Content): { frames: number; next: () => Buffer } {
  const next = random(1);
  const perFrame = batch * wordsPerEvent;
  const frames = vocabulary > POOL * perFrame ? Math.ceil(vocabulary / perFrame) : POOL;
  let word = 0;
  const pick = frames > POOL ? () => word++ % vocabulary : () => Math.floor(next() * vocabulary);
  const text = Array.from({ length: wordsPerEvent });
  return {
    frames,
    next: () =>
      bodyBytes > 0
        ? Buffer.alloc(bodyBytes, `word${pick()} `)
        : Buffer.from(text.map(() => `word${pick()}`).join(' ')),
  };
}

/** The first bodies of a load. */
export function bodies(content: Content, count: number): Buffer[] {
  return Array.from({ length: count }, bodiesOf(content).next);
}

/** The requests of a load, each without the four bytes of its serial. Each word of a large vocabulary occurs in them. */
export function requests(content: Content): Buffer[] {
  const { frames, next } = bodiesOf(content);
  const pool: Buffer[] = [];
  for (let bytes = 0; pool.length < frames && bytes < MOST_POOL_BYTES; ) {
    const frame = request(Array.from({ length: content.batch }, next));
    pool.push(frame);
    bytes += frame.length;
  }
  return pool;
}

/** One request of these bodies, without its serial. */
export function request(bodies: readonly Buffer[]): Buffer {
  const items = bodies.flatMap((body) => [Buffer.of(0), encodeLong(body.length), body]);
  return pieces(Buffer.concat([APPEND_BATCH, encodeLong(bodies.length), ...items, Buffer.of(0)]));
}

/** The first request of a connection: the handshake, with the protocol's text so that no server has to ask for it, and no events. */
export function firstRequest(): Buffer {
  const handshake = encodeHandshakeRequest({
    clientHash: flumeProtocol.hash,
    clientProtocol: flumeProtocol.text,
    serverHash: flumeProtocol.hash,
    meta: new Map(),
  });
  return pieces(Buffer.concat([handshake, APPEND_BATCH, Buffer.of(0)]));
}

function pieces(payload: Buffer): Buffer {
  const count = Math.ceil(payload.length / PIECE_BYTES);
  const head = Buffer.alloc(4);
  head.writeInt32BE(count);
  const parts: Buffer[] = [head];
  for (let start = 0; start < payload.length; start += PIECE_BYTES) {
    const piece = payload.subarray(start, start + PIECE_BYTES);
    const length = Buffer.alloc(4);
    length.writeInt32BE(piece.length);
    parts.push(length, piece);
  }
  return Buffer.concat(parts);
}
