/**
 * An Avro RPC client over Netty framing, for Flume's Avro sources, Spark's sink and our own receivers. Calls are matched
 * to answers by serial, in any order, so many may be in flight where the peer allows it.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { net } from '../core/machine.ts';
import { DEFAULT_MAX_FRAME_BYTES, encodeFrame, FrameDecoder } from './frames.ts';
import { acceptServer, CLIENT_META, encodeHandshakeRequest, readHandshakeResponse } from './handshake.ts';
import { type ClientTls, clientLayers } from './layers.ts';
import { PendingCalls } from './pending-calls.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { AvroReader, META_LIMITS } from './reader.ts';
import { encodeString } from './writer.ts';

/** What a client needs. */
export interface AvroRpcClientOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: RpcProtocol;
  /** For connecting and the handshake together, in ms. Default 20,000, Flume's. */
  readonly connectTimeout?: number | undefined;
  readonly compression?: 'none' | 'deflate' | undefined;
  /** zlib's level, 0 to 9. Default 6. */
  readonly compressionLevel?: number | undefined;
  readonly tls?: ClientTls | undefined;
  /** The largest answer, in bytes. Default 64 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** An answer must arrive whole within this many ms of its first byte, also where a call has no limit. Default 60,000. */
  readonly frameTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Gives up connecting when it aborts; it is of no effect on a client that has connected. */
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;
const DEFAULT_FRAME_TIMEOUT_MS = 60_000;
/** A machine that is gone says nothing: after so long a silence the operating system asks it ten times, each second. In ms. */
const KEEP_ALIVE_AFTER_MS = 60_000;
/** How long `close` waits for the peer to take what was written, in ms. */
const CLOSE_TIMEOUT_MS = 1000;
/** The longest error text of a peer that is shown, in bytes. */
const MOST_ERROR_BYTES = 1000;
const NO_HANDSHAKE = {
  hint: 'check that both sides have the same compression and TLS settings, and that an Avro RPC server listens there',
};
const NO_META = Buffer.of(0);

/**
 * A connected client.
 *
 * @example
 * const client = await AvroRpcClient.connect({ host: '127.0.0.1', port: 41414, protocol: flumeProtocol });
 * const status = decodeStatus(await client.call('append', encodeAppend(event), 20_000));
 */
export class AvroRpcClient {
  /** `host:port` of the peer. */
  readonly remote: string;
  readonly #options: AvroRpcClientOptions;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #stream: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #pending: PendingCalls;
  readonly #closeListeners = new Set<() => void>();
  #serial = 0;
  #frameTimer: Timer | undefined;
  #closed: StreamjobError | undefined;
  #pipeline = 1;

  private constructor(options: AvroRpcClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { host, port, compression, compressionLevel = 6, tls } = options;
    this.remote = `${host}:${port}`;
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS };
    this.#socket = net.connect({ host, port, noDelay: true, ...keepAlive });
    this.#pending = new PendingCalls(this.#clock, ({ what, timeoutMs }) =>
      this.#fail(this.#error('REQUEST_TIMEOUT', `${this.remote} did not answer ${what} within ${timeoutMs} ms`)),
    );
    this.#stream = clientLayers(this.#socket, host, compression === 'deflate', compressionLevel, tls);
    this.#decoder = new FrameDecoder(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES, (serial, payload) =>
      this.#onFrame(serial, payload),
    );
    this.#stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    const lost = (error?: Error): void =>
      this.#fail(this.#error('CONNECTION_CLOSED', `the connection to ${this.remote} was closed`, error));
    this.#stream.on('error', lost);
    this.#socket.on('error', lost);
    this.#stream.on('end', () => lost());
    this.#socket.on('close', () => lost());
  }

  /**
   * Connects and shakes hands.
   * @throws StreamjobError CONNECT_FAILED, REQUEST_TIMEOUT (no answer in time; often a mismatch of compression or TLS),
   *   HANDSHAKE_FAILED (another protocol)
   */
  static async connect(options: AvroRpcClientOptions): Promise<AvroRpcClient> {
    const client = new AvroRpcClient(options);
    const timeoutMs = options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS;
    const timer = client.#clock.after(timeoutMs, () =>
      client.#fail(
        client.#error(
          'REQUEST_TIMEOUT',
          `${client.remote} did not answer the handshake within ${timeoutMs} ms`,
          undefined,
          NO_HANDSHAKE,
        ),
      ),
    );
    const giveUp = (): void => client.#fail(client.#error('CONNECTION_CLOSED', 'this side has stopped'));
    options.signal?.addEventListener('abort', giveUp, { once: true });
    if (options.signal?.aborted === true) giveUp();
    try {
      await client.#handshake();
      return client;
    } catch (error) {
      await client.close();
      if (error instanceof StreamjobError && error.code === 'CONNECTION_CLOSED') {
        const cause = error.cause ?? error;
        throw client.#error('CONNECT_FAILED', `cannot connect to ${client.remote}: ${messageOf(cause)}`, cause, {
          hint: 'check that the peer runs and listens on that host and port',
        });
      }
      throw error;
    } finally {
      timer.cancel();
      options.signal?.removeEventListener('abort', giveUp);
    }
  }

  /** How many calls this peer lets us have in flight: 1 unless it says more. A real Flume would run pipelined calls out of order. */
  get pipeline(): number {
    return this.#pipeline;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Calls `listener` when the connection closes; returns how to take it back. */
  onClose(listener: () => void): () => void {
    if (this.closed) queueMicrotask(listener);
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /**
   * Calls a message. Many calls may be in flight.
   * @param timeoutMs how long to wait for the answer, counted from the sending or from the answer to the last call before it,
   *   whichever is later; 0 or less: without limit. A call that timed out closes the connection, since nobody could match its late answer.
   * @throws StreamjobError REQUEST_TIMEOUT, RPC_ERROR, CONNECTION_CLOSED, PROTOCOL_ERROR, FRAME_TOO_LARGE
   */
  call(message: string, params: Buffer, timeoutMs = 0): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const read = (payload: Buffer) => {
        const answer = this.#readAnswer(message, payload);
        return () => (answer instanceof StreamjobError ? reject(answer) : resolve(answer));
      };
      const serial = this.#nextSerial();
      this.#pending.add(serial, { what: message, timeoutMs, read, reject });
      this.#stream.write(encodeFrame(serial, NO_META, encodeString(message), params));
    });
  }

  /**
   * Closes the connection.
   * @param reason what calls in flight are rejected with; CONNECTION_CLOSED when it is left out
   */
  close(reason?: StreamjobError): Promise<void> {
    this.#end(reason ?? this.#error('CONNECTION_CLOSED', `the connection to ${this.remote} was closed by this side`));
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      // A peer that does not read would keep the connection, and who waits for its end, for ever.
      const timer = systemClock.after(CLOSE_TIMEOUT_MS, () => this.#socket.destroy());
      this.#socket.once('close', () => {
        timer.cancel();
        resolve();
      });
      this.#socket.destroySoon();
    });
  }

  #handshake(): Promise<void> {
    const { protocol } = this.#options;
    return new Promise((resolve, reject) => {
      const send = (clientProtocol: string | null, serverHash: Buffer): void => {
        const serial = this.#nextSerial();
        const meta = new Map([[CLIENT_META, Buffer.from('1')]]);
        const request = encodeHandshakeRequest({ clientHash: protocol.hash, clientProtocol, serverHash, meta });
        const read = (payload: Buffer) => {
          const response = readHandshakeResponse(new AvroReader(payload));
          if (response.match === 'NONE' && clientProtocol === null && response.serverHash !== null) {
            const { serverHash: theirs } = response;
            return () => send(protocol.text, theirs);
          }
          this.#pipeline = acceptServer(response, protocol, this.remote);
          return resolve;
        };
        this.#pending.add(serial, { what: 'handshake', timeoutMs: 0, read, reject });
        // A ping: no message, so the answer is the handshake alone.
        this.#stream.write(encodeFrame(serial, request, NO_META, encodeString('')));
      };
      if (this.#closed === undefined) send(null, protocol.hash);
      else reject(this.#closed);
    });
  }

  /** Whatever goes wrong in here ends the connection, and with it every call. */
  #onData(chunk: Buffer): void {
    if (this.#closed !== undefined) return;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      return this.#fail(this.#located(error));
    }
    if (!this.#decoder.partial || this.#closed !== undefined) return this.#stopFrameTimer();
    const { frameTimeoutMs = DEFAULT_FRAME_TIMEOUT_MS } = this.#options;
    this.#frameTimer ??= this.#clock.after(frameTimeoutMs, () =>
      this.#fail(
        this.#error('REQUEST_TIMEOUT', `an answer of ${this.remote} did not arrive whole within ${frameTimeoutMs} ms`),
      ),
    );
  }

  #onFrame(serial: number, payload: Buffer): void {
    // What stands behind the answer that ended the connection answers nobody any more.
    if (this.#closed !== undefined) return;
    this.#stopFrameTimer();
    if (!this.#pending.answer(serial, payload)) {
      throw this.#error('PROTOCOL_ERROR', `${this.remote} answered a call that nobody made (serial ${serial})`);
    }
  }

  /** The result in an answer, or the error that it tells of. @throws StreamjobError PROTOCOL_ERROR, LIMIT_EXCEEDED */
  #readAnswer(message: string, payload: Buffer): Buffer | StreamjobError {
    const reader = new AvroReader(payload);
    reader.skipMap(META_LIMITS);
    if (!reader.boolean()) return payload.subarray(reader.position);
    reader.branch(1);
    const text = reader.beginning(MOST_ERROR_BYTES);
    return this.#error('RPC_ERROR', `${this.remote} answered ${message} with an error: ${text}`);
  }

  #stopFrameTimer(): void {
    this.#frameTimer?.cancel();
    this.#frameTimer = undefined;
  }

  /** The connection is of no use any more, and is given up at once. */
  #fail(error: StreamjobError): void {
    this.#end(error);
    this.#socket.destroy();
  }

  #end(error: StreamjobError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#stopFrameTimer();
    this.#pending.rejectAll(error);
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
  }

  /** What was thrown while an answer was read, with the peer's name. */
  #located(thrown: unknown): StreamjobError {
    if (!(thrown instanceof StreamjobError)) return this.#error('PROTOCOL_ERROR', messageOf(thrown), thrown);
    if (thrown.where !== undefined) return thrown;
    const { hint } = thrown;
    return this.#error(thrown.code, thrown.message, thrown, hint === undefined ? {} : { hint });
  }

  #nextSerial(): number {
    this.#serial = (this.#serial + 1) & 0x7fffffff;
    return this.#serial;
  }

  #error(
    code: StreamjobError['code'],
    message: string,
    cause?: unknown,
    details: { readonly hint?: string } = {},
  ): StreamjobError {
    return new StreamjobError(code, message, {
      where: this.remote,
      ...details,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
