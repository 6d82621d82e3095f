/** One connection of an Avro RPC server: handshake, requests out to the owner, answers back. Its reading side is {@link Inbound}. */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../core/clock.ts';
import { describeBriefly, StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { after } from '../core/machine.ts';
import type { MemoryBudget } from './budget.ts';
import type { TableConnection } from './connection-table.ts';
import { encodeFrame } from './frames.ts';
import { type HandshakeTable, readHandshakeRequest } from './handshake.ts';
import { Inbound } from './inbound.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { AvroReader, META_LIMITS } from './reader.ts';
import type { RpcConnection, RpcRequest } from './rpc-request.ts';
import type { Turns } from './turns.ts';
import { encodeString } from './writer.ts';

/** What all connections of a server share. */
export interface ConnectionSettings {
  readonly handshakes: HandshakeTable;
  readonly budget: MemoryBudget;
  readonly turns: Turns;
  readonly protocol: RpcProtocol;
  readonly onRequest: (request: RpcRequest) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Whether requests lie in memory that other threads can see. */
  readonly shared: boolean;
  readonly frameTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly pipeline: number;
}

/** Answers that the peer does not read, in bytes, after which it is not read either. */
const MOST_UNREAD_ANSWERS = 1024 * 1024;
/** How long `end` waits for a peer to take the last answers, in ms. */
const END_TIMEOUT_MS = 1000;
/** The longest name of a message that is looked at, in bytes. */
const MOST_NAME_BYTES = 1000;
/** A connection whose handshake is under way is not quiet until it has sent nothing for so long, in ms. */
const PAUSE_IN_HANDSHAKE_MS = 1000;
const META_AND_NO_ERROR = Buffer.of(0, 0);
const META_AND_ERROR = Buffer.of(0, 1, 0);
const NOTHING = Buffer.alloc(0);

let lastId = 0;

/** The connection. */
export class ServerConnection implements RpcConnection, TableConnection {
  readonly id: number = ++lastId;
  readonly remote: string;
  readonly address: string;
  readonly #socket: net.Socket;
  readonly #settings: ConnectionSettings;
  readonly #inbound: Inbound;
  readonly #closeListeners = new Set<() => void>();
  #stream: Duplex | undefined;
  #connected = false;
  #pipelines = false;
  #inFlight = 0;
  #answeredAt = 0;
  #handshakeTimer: Timer | undefined;
  #answersTimer: Timer | undefined;
  #corked = false;
  #closed = false;
  #complained = false;

  constructor(socket: net.Socket, settings: ConnectionSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.address = socket.remoteAddress ?? '';
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    const { budget, turns, clock, maxFrameBytes, shared, frameTimeoutMs } = settings;
    this.#inbound = new Inbound({
      ...{ budget, turns, clock, maxFrameBytes, shared, frameTimeoutMs },
      onFrame: (serial, payload) => this.#onFrame(serial, payload),
      onEnd: () => (this.#stream ?? this.#socket).end(),
      close: (reason) => this.close(reason),
    });
    this.#awaitHandshake();
    socket.once('close', () => this.#onClosed());
    socket.once('end', () => this.#onEarlyEnd());
  }

  get closed(): boolean {
    return this.#closed;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get pipelines(): boolean {
    return this.#pipelines;
  }

  get quietSince(): number | undefined {
    const { receivedAt, partial } = this.#inbound;
    const pausesInHandshake = !this.#connected && this.#settings.clock.now() - receivedAt >= PAUSE_IN_HANDSHAKE_MS;
    if (this.#inFlight > 0 || (partial && !pausesInHandshake)) return undefined;
    return Math.max(receivedAt, this.#answeredAt);
  }

  /** The layers are off: `stream` carries frames. */
  open(stream: Duplex): void {
    if (this.#closed) return;
    this.#stream = stream;
    this.#inbound.open(stream);
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) queueMicrotask(listener);
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#settings.log.warn({ peer: this.remote, reason }, `connection of ${this.remote} closed: ${reason}`);
    this.drop();
  }

  drop(): void {
    this.#socket.destroy();
    this.#onClosed();
  }

  /** Closes after what was answered has been written, but does not wait for ever for a peer that does not read. */
  end(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const endTimer = after(END_TIMEOUT_MS, () => this.#socket.destroy());
      this.#socket.once('close', () => {
        endTimer();
        resolve();
      });
      (this.#stream ?? this.#socket).end(() => this.#socket.destroySoon());
    });
  }

  pauseReading(): void {
    this.#inbound.pause('owner');
  }

  resumeReading(): void {
    this.#inbound.resume('owner');
  }

  holdReading(): () => void {
    this.#inbound.pause('request');
    return () => this.#inbound.resume('request');
  }

  /** From the first moment on: TLS, compression and the first frame are all on the way to the handshake. */
  #awaitHandshake(): void {
    const { clock, handshakeTimeoutMs } = this.#settings;
    this.#handshakeTimer = clock.after(handshakeTimeoutMs, () => {
      // It cannot finish while it is not read.
      if (this.#inbound.isPaused('owner')) this.#awaitHandshake();
      else this.close(`it did not finish its handshake within ${handshakeTimeoutMs} ms`);
    });
  }

  /** The peer has ended its side before there were frames; what it sent may still be on its way through the layers. */
  #onEarlyEnd(): void {
    if (this.#stream !== undefined || this.#closed) return;
    if (this.#socket.bytesRead === 0) return this.drop();
    const endTimer = after(END_TIMEOUT_MS, () => {
      if (this.#stream === undefined) this.drop();
    });
    this.onClose(endTimer);
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handshakeTimer?.cancel();
    this.#answersTimer?.cancel();
    this.#inbound.stop();
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  /** @throws StreamjobError PROTOCOL_ERROR, LIMIT_EXCEEDED, HANDSHAKE_FAILED: the connection is closed with it */
  #onFrame(serial: number, payload: Buffer): void {
    if (this.#closed) return;
    const reader = new AvroReader(payload);
    let handshake: Buffer = NOTHING;
    if (!this.#connected) {
      const answer = this.#settings.handshakes.answer(readHandshakeRequest(reader));
      handshake = answer.bytes;
      if (!answer.connected) return this.#write(encodeFrame(serial, handshake));
      this.#connected = true;
      this.#pipelines = answer.pipelines;
      this.#handshakeTimer?.cancel();
    }
    reader.skipMap(META_LIMITS);
    const message = reader.string(MOST_NAME_BYTES);
    // A ping has no message: the answer is the handshake alone.
    if (message === '') return this.#write(encodeFrame(serial, handshake));
    this.#dispatch(serial, handshake, message, payload.subarray(reader.position));
  }

  #dispatch(serial: number, handshake: Buffer, message: string, params: Buffer): void {
    let open = true;
    const answer = (...parts: Buffer[]): void => {
      if (!open) return;
      open = false;
      this.#inFlight--;
      if (this.#closed) return;
      this.#write(encodeFrame(serial, handshake, ...parts));
      if (this.#inFlight < this.#settings.pipeline) this.#inbound.resume('pipeline');
    };
    this.#inFlight++;
    if (this.#inFlight >= this.#settings.pipeline) this.#inbound.pause('pipeline');
    const fail = (text: string): void => answer(META_AND_ERROR, encodeString(text));
    if (!this.#settings.protocol.messages.includes(message)) {
      this.#complain(`unknown message ${JSON.stringify(message.slice(0, 100))}`);
      return fail(`org.apache.avro.AvroRuntimeException: No such remote message: ${message.slice(0, 100)}`);
    }
    const reply = (result: Buffer): void => answer(META_AND_NO_ERROR, result);
    const refuse = (error: unknown): void => {
      // Parameters that are no Avro: Java's server answers so and goes on, and so do we.
      this.#complain(`${message}: ${describeBriefly(error)}`);
      const malformed = error instanceof StreamjobError && error.code === 'PROTOCOL_ERROR';
      fail(malformed ? 'java.io.EOFException' : describeBriefly(error));
    };
    try {
      this.#settings.onRequest({ message, params, connection: this, reply, fail, refuse });
    } catch (error) {
      refuse(error);
    }
  }

  /** One log line per connection for requests that were answered with an error: a peer must not be able to fill the log. */
  #complain(reason: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#settings.log.warn(
      { peer: this.remote, reason },
      `bad request of ${this.remote} answered with an error: ${reason}`,
    );
  }

  #write(frame: Buffer): void {
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed) return;
    const { clock, frameTimeoutMs } = this.#settings;
    this.#answeredAt = clock.now();
    // The answers of one turn are written together: a batch answers hundreds of requests at once.
    if (!this.#corked) {
      this.#corked = true;
      stream.cork();
      process.nextTick(() => {
        this.#corked = false;
        stream.uncork();
      });
    }
    stream.write(frame);
    if (stream.writableLength <= MOST_UNREAD_ANSWERS) return;
    this.#inbound.pause('answers');
    this.#answersTimer ??= clock.after(frameTimeoutMs, () => {
      this.#answersTimer = undefined;
      if (this.#inbound.isPaused('answers')) this.close(`it has not read its answers for ${frameTimeoutMs} ms`);
    });
  }
}
