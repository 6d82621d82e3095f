/**
 * An Avro RPC client over Netty framing, for Flume's Avro sources, Spark's sink and our own receivers. Calls are matched
 * to answers by serial, in any order, so many may be in flight where the peer allows it.
 */
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { DEFAULT_MAX_FRAME_BYTES, encodeFrame, FrameDecoder } from './frames.ts';
import { CLIENT_META, encodeHandshakeRequest, PIPELINE_META, readHandshakeResponse } from './handshake.ts';
import { type ClientTls, clientLayers } from './layers.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { AvroReader } from './reader.ts';

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
  readonly clock?: Clock | undefined;
}

interface Pending {
  readonly what: string;
  readonly sentAt: number;
  readonly timeoutMs: number;
  readonly resolve: (result: Buffer) => void;
  readonly reject: (error: StreamjobError) => void;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 20_000;
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
  readonly #socket: net.Socket;
  readonly #stream: Duplex;
  readonly #pending = new Map<number, Pending>();
  readonly #closeListeners = new Set<() => void>();
  #serial = 0;
  #timer: Timer | undefined;
  #lastAnswer = 0;
  #closed: StreamjobError | undefined;
  #onHandshake: ((payload: Buffer) => void) | undefined;
  #pipeline = 1;

  private constructor(options: AvroRpcClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.remote = `${options.host}:${options.port}`;
    this.#socket = net.connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      keepAlive: true,
    });
    this.#stream = clientLayers(
      this.#socket,
      options.host,
      options.compression === 'deflate',
      options.compressionLevel ?? 6,
      options.tls,
    );
    const decoder = new FrameDecoder(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES, (serial, payload) =>
      this.#onFrame(serial, payload),
    );
    this.#stream.on('data', (chunk: Buffer) => {
      try {
        if (this.#closed === undefined) decoder.push(chunk);
      } catch (error) {
        this.#fail(error instanceof StreamjobError ? error : this.#error('PROTOCOL_ERROR', messageOf(error)));
      }
    });
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
          {
            hint: 'check that both sides have the same compression and TLS settings, and that an Avro RPC server listens there',
          },
        ),
      ),
    );
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
   * @param timeoutMs how long to wait for the answer, counted from the sending or from the last answer to another call,
   *   whichever is later; 0 or less: without limit. A call that timed out closes the connection, since nobody could match its late answer.
   * @throws StreamjobError REQUEST_TIMEOUT, RPC_ERROR, CONNECTION_CLOSED, PROTOCOL_ERROR, FRAME_TOO_LARGE
   */
  call(message: string, params: Buffer, timeoutMs = 0): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const serial = this.#nextSerial();
      this.#pending.set(serial, {
        what: message,
        sentAt: this.#clock.now(),
        timeoutMs,
        resolve,
        reject,
      });
      this.#stream.write(encodeFrame(serial, NO_META, encodeName(message), params));
      this.#arm();
    });
  }

  /** Closes the connection; calls in flight are rejected with CONNECTION_CLOSED. */
  close(): Promise<void> {
    this.#fail(this.#error('CONNECTION_CLOSED', `the connection to ${this.remote} was closed by this side`));
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.destroySoon();
    });
  }

  #handshake(): Promise<void> {
    const { protocol } = this.#options;
    return new Promise((resolve, reject) => {
      const send = (clientProtocol: string | null, serverHash: Buffer): void => {
        const serial = this.#nextSerial();
        const meta = new Map([[CLIENT_META, Buffer.from('1')]]);
        const request = encodeHandshakeRequest({
          clientHash: protocol.hash,
          clientProtocol,
          serverHash,
          meta,
        });
        this.#pending.set(serial, {
          what: 'handshake',
          sentAt: 0,
          timeoutMs: 0,
          resolve: () => {},
          reject,
        });
        // A ping: no message, so the answer is the handshake alone.
        this.#stream.write(encodeFrame(serial, request, NO_META, encodeName('')));
      };
      let sentText = false;
      this.#onHandshake = (payload) => {
        const response = readHandshakeResponse(new AvroReader(payload));
        if (response.match === 'NONE' && !sentText && response.serverHash !== null) {
          sentText = true;
          return send(protocol.text, response.serverHash);
        }
        if (response.match === 'NONE') {
          throw this.#error('HANDSHAKE_FAILED', `${this.remote} does not accept the protocol ${protocol.name}`);
        }
        if (
          response.serverProtocol !== null &&
          !protocol.messages.some((name) => response.serverProtocol?.includes(`"${name}"`))
        ) {
          throw this.#error('HANDSHAKE_FAILED', `${this.remote} speaks another protocol than ${protocol.name}`);
        }
        const pipeline = Number(response.meta.get(PIPELINE_META)?.toString('utf8') ?? '1');
        this.#pipeline = Number.isSafeInteger(pipeline) && pipeline > 0 ? pipeline : 1;
        this.#onHandshake = undefined;
        resolve();
      };
      send(null, protocol.hash);
    });
  }

  #onFrame(serial: number, payload: Buffer): void {
    const pending = this.#pending.get(serial);
    if (pending === undefined) return;
    this.#pending.delete(serial);
    this.#lastAnswer = this.#clock.now();
    this.#arm();
    if (this.#onHandshake !== undefined) return this.#onHandshake(payload);
    const reader = new AvroReader(payload);
    reader.skipMap();
    if (!reader.boolean()) return pending.resolve(payload.subarray(reader.position));
    reader.branch(1);
    pending.reject(
      this.#error('RPC_ERROR', `${this.remote} answered ${pending.what} with an error: ${reader.string()}`),
    );
  }

  /** One timer for all calls: it watches the oldest one that has a limit. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const [serial, { what, sentAt, timeoutMs }] of this.#pending) {
      if (timeoutMs <= 0) continue;
      const left = Math.max(sentAt, this.#lastAnswer) + timeoutMs - this.#clock.now();
      this.#timer = this.#clock.after(Math.max(0, left), () => {
        const late = this.#pending.get(serial);
        this.#pending.delete(serial);
        const error = this.#error('REQUEST_TIMEOUT', `${this.remote} did not answer ${what} within ${timeoutMs} ms`);
        late?.reject(error);
        this.#fail(error);
      });
      return;
    }
  }

  #fail(error: StreamjobError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#timer?.cancel();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.reject(error);
    if (error.code !== 'CONNECTION_CLOSED') this.#socket.destroy();
    for (const listener of this.#closeListeners) listener();
    this.#closeListeners.clear();
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

/** A message's name as an Avro string; names are short. */
function encodeName(name: string): Buffer {
  return Buffer.concat([Buffer.of(name.length * 2), Buffer.from(name, 'latin1')]);
}
