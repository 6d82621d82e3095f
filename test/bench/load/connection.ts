/** One connection of the load: requests out, many in flight, and each answer looked at. */
import net from 'node:net';
import { firstRequest } from './frames.ts';

/** The end of an answer without an error: empty metadata, no error, and Flume's status OK. */
const OK = Buffer.of(0, 0, 0);
/** Servers that take the upper half of a serial for a name of theirs want it to be 0. */
const SERIALS = 65_536;
const RETRY_MS = 5;

/** What a connection tells its owner. */
export interface Owner {
  /** An answer that is OK came so long after its request. */
  onAck(ms: number, events: number): void;
  /** Something else came, or the connection is gone. */
  onFailure(reason: string): void;
  /** There is room for more requests. */
  onRoom(connection: LoadConnection): void;
}

/** See the file's head. */
export class LoadConnection {
  inFlight = 0;
  readonly #owner: Owner;
  readonly #sentAt = new Float64Array(SERIALS);
  readonly #events = new Uint32Array(SERIALS);
  #socket: net.Socket;
  #serial = 0;
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;
  #ready = false;

  private constructor(socket: net.Socket, owner: Owner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => owner.onRoom(this));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (!this.#ended) owner.onFailure(`the connection closed with ${this.inFlight} requests in flight`);
    });
  }

  /** Tries until somebody listens, then shakes hands; the owner hears onRoom when that is done. */
  static async open(port: number, owner: Owner): Promise<LoadConnection> {
    for (;;) {
      const socket = await connect(port);
      if (socket !== undefined) {
        const connection = new LoadConnection(socket, owner);
        connection.send(firstRequest(), 0);
        return connection;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Whether the handshake is over and the socket takes more. */
  get writable(): boolean {
    return this.#ready && !this.#socket.writableNeedDrain;
  }

  /** @param frame without its serial; it is shared, and not written to */
  send(frame: Buffer, events: number): void {
    this.#serial = (this.#serial + 1) % SERIALS;
    const serial = Buffer.allocUnsafe(4);
    serial.writeInt32BE(this.#serial);
    this.#sentAt[this.#serial] = performance.now();
    this.#events[this.#serial] = events;
    this.inFlight++;
    this.#socket.cork();
    this.#socket.write(serial);
    this.#socket.write(frame);
    this.#socket.uncork();
  }

  end(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (let answer = firstAnswer(bytes); answer !== undefined; answer = firstAnswer(bytes)) {
      this.#onAnswer(answer.serial, answer.payload.subarray(-OK.length));
      bytes = bytes.subarray(answer.length);
    }
    this.#rest = bytes;
    this.#owner.onRoom(this);
  }

  #onAnswer(serial: number, end: Buffer): void {
    this.inFlight--;
    if (!end.equals(OK)) return this.#owner.onFailure(`a request was answered with ...${end.toString('hex')}`);
    const events = this.#events[serial] ?? 0;
    this.#ready = true;
    if (events > 0) this.#owner.onAck(performance.now() - (this.#sentAt[serial] ?? 0), events);
  }
}

/** The whole answer at the start of `bytes`; undefined: it is not all there. Servers cut it as they like. */
function firstAnswer(bytes: Buffer): { serial: number; payload: Buffer; length: number } | undefined {
  if (bytes.length < 8) return undefined;
  const parts: Buffer[] = [];
  let at = 8;
  for (let pieces = bytes.readInt32BE(4); pieces > 0; pieces--) {
    if (bytes.length < at + 4) return undefined;
    const end = at + 4 + bytes.readInt32BE(at);
    if (bytes.length < end) return undefined;
    parts.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return { serial: bytes.readInt32BE(0), payload: Buffer.concat(parts), length: at };
}

function connect(port: number): Promise<net.Socket | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
