/** Bytes as a Flume client puts them on the wire, made by hand here so that our encoder is not checked by itself. */
import net from 'node:net';

/** MD5 of AvroSourceProtocol that every real Flume sends. */
export const FLUME_HASH: Buffer = Buffer.from('86aadae2c45474c0fe93ffd0f2350a65', 'hex');

/** Avro's zigzag varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let zigzag = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; zigzag > 0x7f; zigzag = Math.floor(zigzag / 128)) bytes.push((zigzag % 128) | 0x80);
  bytes.push(zigzag);
  return Buffer.from(bytes);
}

export function text(value: string): Buffer {
  return Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** An AvroFlumeEvent. */
export function event(body: string, headers: Record<string, string> = {}): Buffer {
  const entries = Object.entries(headers);
  const map = entries.length === 0 ? [] : [varint(entries.length), ...entries.flatMap(([k, v]) => [text(k), text(v)])];
  return Buffer.concat([...map, varint(0), text(body)]);
}

/** The parameters of appendBatch. */
export function events(bodies: readonly string[]): Buffer {
  const items = bodies.map((body) => event(body));
  return Buffer.concat(items.length === 0 ? [varint(0)] : [varint(items.length), ...items, varint(0)]);
}

/** What a Java client sends before its first call: known hash, no text, both hashes the same, empty metadata. */
export function handshake(clientHash = FLUME_HASH, clientProtocol?: string, serverHash = FLUME_HASH): Buffer {
  const protocol = clientProtocol === undefined ? [varint(0)] : [varint(1), text(clientProtocol)];
  return Buffer.concat([clientHash, ...protocol, serverHash, Buffer.of(2, 0)]);
}

/** A call: empty metadata, the message's name, its parameters. */
export function call(message: string, params: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.of(0), text(message), params]);
}

/** A frame whose payload is cut into the given buffers. */
export function frame(serial: number, ...buffers: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(serial, 0);
  head.writeInt32BE(buffers.length, 4);
  const parts = buffers.flatMap((buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(buffer.length);
    return [length, buffer];
  });
  return Buffer.concat([head, ...parts]);
}

/** A reply as a client sees it. */
export interface Reply {
  readonly serial: number;
  readonly payload: Buffer;
}

/** A raw client: writes bytes, collects the frames that come back. */
export class RawClient {
  readonly socket: net.Socket;
  readonly closed: Promise<void>;
  readonly replies: Reply[] = [];
  #bytes = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#parse();
      this.#notify();
    });
    socket.once('close', () => {
      this.#ended = true;
      this.#notify();
    });
  }

  static connect(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Resolves with all replies when there are `count`; rejects when the connection closes before. */
  async wait(count: number): Promise<readonly Reply[]> {
    while (this.replies.length < count) {
      if (this.#ended) throw new Error(`closed after ${this.replies.length} of ${count} replies`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.replies;
  }

  #notify(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #parse(): void {
    while (this.#bytes.length >= 8) {
      const buffers = this.#bytes.readInt32BE(4);
      const parts: Buffer[] = [];
      let at = 8;
      for (let i = 0; i < buffers; i++) {
        if (this.#bytes.length < at + 4) return;
        const length = this.#bytes.readInt32BE(at);
        if (this.#bytes.length < at + 4 + length) return;
        parts.push(this.#bytes.subarray(at + 4, at + 4 + length));
        at += 4 + length;
      }
      this.replies.push({ serial: this.#bytes.readInt32BE(0), payload: Buffer.concat(parts) });
      this.#bytes = this.#bytes.subarray(at);
    }
  }
}
