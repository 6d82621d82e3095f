/** One connection of an Avro RPC server: frames in, handshake, requests out to the owner, answers back. */
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { BudgetShare, MemoryBudget } from './budget.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { type HandshakeTable, readHandshakeRequest } from './handshake.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { AvroReader } from './reader.ts';
import type { RpcConnection, RpcRequest } from './server.ts';
import { encodeString } from './writer.ts';

/** What all connections of a server share. */
export interface ConnectionSettings {
  readonly handshakes: HandshakeTable;
  readonly budget: MemoryBudget;
  readonly protocol: RpcProtocol;
  readonly onRequest: (request: RpcRequest) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly maxFrameBytes: number;
  /** Whether requests lie in memory that other threads can see. */
  readonly shared: boolean;
  readonly frameTimeoutMs: number;
  readonly pipeline: number;
}

/** Why a connection is not read: the owner asked, the budget is used up, too many requests or answers wait. */
type PauseReason = 'owner' | 'budget' | 'pipeline' | 'answers';

/** Answers that the peer does not read, in bytes, after which it is not read either. */
const MOST_UNREAD_ANSWERS = 1024 * 1024;
/** What is read is looked at in steps of so many bytes. */
const SLICE_BYTES = 4096;
/** How long `end` waits for a peer to take the last answers, in ms. */
const END_TIMEOUT_MS = 1000;
const META_AND_NO_ERROR = Buffer.of(0, 0);
const META_AND_ERROR = Buffer.of(0, 1, 0);
const NOTHING = Buffer.alloc(0);

let lastId = 0;

/** See the file's head. */
export class ServerConnection implements RpcConnection {
  readonly id: number = ++lastId;
  readonly remote: string;
  readonly #socket: net.Socket;
  readonly #settings: ConnectionSettings;
  readonly #share: BudgetShare;
  readonly #decoder: FrameDecoder;
  readonly #closeListeners = new Set<() => void>();
  readonly #pauses = new Set<PauseReason>();
  #stream: Duplex | undefined;
  #beingRead = false;
  /** What was read and not looked at before reading stopped; whether the peer has ended behind it. */
  #rest: Buffer = NOTHING;
  #peerEnded = false;
  #connected = false;
  #inFlight = 0;
  #frameTimer: Timer | undefined;
  #closed = false;
  #complained = false;

  constructor(socket: net.Socket, settings: ConnectionSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.remote = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#share = settings.budget.share(() => this.#resume('budget'));
    this.#decoder = new FrameDecoder(
      settings.maxFrameBytes,
      (serial, payload) => this.#onFrame(serial, payload),
      settings.shared,
    );
    socket.once('close', () => this.#onClosed());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The layers are off: `stream` carries frames. */
  open(stream: Duplex): void {
    if (this.#closed) return;
    this.#stream = stream;
    if (this.#pauses.size === 0) this.#read(stream);
  }

  /**
   * Begins to read. A connection that is opened while reading has stopped gets no listener for data yet: the look at its
   * first byte used 'readable', and after that Node resumes whatever has a listener for data, paused or not.
   */
  #read(stream: Duplex): void {
    this.#beingRead = true;
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('end', () => this.#onEnd());
    stream.on('drain', () => this.#resume('answers'));
    stream.resume();
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) queueMicrotask(listener);
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#settings.log.warn({ peer: this.remote, reason }, `connection of ${this.remote} closed: ${reason}`);
    this.#socket.destroy();
    this.#onClosed();
  }

  /** Closes after what was answered has been written, but does not wait for ever for a peer that does not read. */
  end(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), END_TIMEOUT_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      (this.#stream ?? this.#socket).end(() => this.#socket.destroySoon());
    });
  }

  pauseReading(): void {
    this.#pause('owner');
  }

  resumeReading(): void {
    this.#resume('owner');
  }

  #pause(reason: PauseReason): void {
    this.#pauses.add(reason);
    this.#stream?.pause();
    // The peer cannot finish its request while we do not read: its time stands still.
    this.#frameTimer?.cancel();
    this.#frameTimer = undefined;
  }

  #resume(reason: PauseReason): void {
    if (!this.#pauses.delete(reason) || this.#pauses.size > 0 || this.#stream === undefined) return;
    const rest = this.#rest;
    this.#rest = NOTHING;
    if (rest.length > 0) this.#onData(rest);
    // It may have been too much again, or the last that came.
    if (this.#pauses.size > 0) return;
    if (this.#peerEnded) return this.#onEnd();
    if (this.#beingRead) this.#stream.resume();
    else this.#read(this.#stream);
    this.#watchFrame();
  }

  /**
   * A chunk may hold hundreds of small requests: when one of them stops reading, those behind it wait, or the owner would get far
   * more than it can bear.
   */
  #onData(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      if (this.#closed) return;
      if (this.#pauses.size > 0) {
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(at)]);
        return;
      }
      try {
        this.#decoder.push(chunk.subarray(at, at + SLICE_BYTES));
      } catch (error) {
        return this.close(reasonOf(error));
      }
      if (!this.#share.hold(this.#decoder.heldBytes)) this.#pause('budget');
    }
    this.#watchFrame();
  }

  #watchFrame(): void {
    if (!this.#decoder.partial || this.#pauses.size > 0) {
      this.#frameTimer?.cancel();
      this.#frameTimer = undefined;
    } else if (this.#frameTimer === undefined) {
      const { frameTimeoutMs, clock } = this.#settings;
      this.#frameTimer = clock.after(frameTimeoutMs, () =>
        this.close(`a request did not arrive whole within ${frameTimeoutMs} ms`),
      );
    }
  }

  #onEnd(): void {
    this.#peerEnded = true;
    if (this.#rest.length > 0) return;
    if (this.#decoder.partial) this.close('it ended in the middle of a request');
    else this.#socket.end();
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#frameTimer?.cancel();
    this.#share.release();
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  #onFrame(serial: number, payload: Buffer): void {
    if (this.#closed) return;
    // A complete frame's time is over: the next one in the same chunk gets its own.
    this.#frameTimer?.cancel();
    this.#frameTimer = undefined;
    const reader = new AvroReader(payload);
    let handshake: Buffer = NOTHING;
    if (!this.#connected) {
      const answer = this.#settings.handshakes.answer(readHandshakeRequest(reader));
      handshake = answer.bytes;
      if (!answer.connected) return this.#write(encodeFrame(serial, handshake));
      this.#connected = true;
    }
    reader.skipMap();
    const message = reader.string();
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
      if (this.#inFlight < this.#settings.pipeline) this.#resume('pipeline');
    };
    this.#inFlight++;
    if (this.#inFlight >= this.#settings.pipeline) this.#pause('pipeline');
    const fail = (text: string): void => answer(META_AND_ERROR, encodeString(text));
    if (!this.#settings.protocol.messages.includes(message)) {
      this.#complain(`unknown message ${JSON.stringify(message.slice(0, 100))}`);
      return fail(`org.apache.avro.AvroRuntimeException: No such remote message: ${message.slice(0, 100)}`);
    }
    const reply = (result: Buffer): void => answer(META_AND_NO_ERROR, result);
    try {
      this.#settings.onRequest({
        message,
        params,
        connection: this,
        reply,
        fail,
      });
    } catch (error) {
      // Parameters that are no Avro: Java's server answers so and goes on, and so do we.
      this.#complain(`${message}: ${messageOf(error)}`);
      const malformed = error instanceof StreamjobError && error.code === 'PROTOCOL_ERROR';
      fail(malformed ? 'java.io.EOFException' : messageOf(error));
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
    stream.write(frame);
    if (stream.writableLength > MOST_UNREAD_ANSWERS) this.#pause('answers');
  }
}

/** Why a connection is closed, with what to do about it. */
function reasonOf(error: unknown): string {
  const hint = error instanceof StreamjobError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)} (${hint})`;
}
