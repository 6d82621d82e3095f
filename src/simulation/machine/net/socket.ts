/** A socket of Node's `net`, on the simulated network: what src/ uses of it behaves as Node's does. */
import { Duplex } from 'node:stream';
import { networkError } from '../errors.ts';
import type { Endpoint, NetProcess, SocketAddress } from './endpoint.ts';

/** Options of sockets, as Node's. */
export interface SocketOptions {
  readonly allowHalfOpen?: boolean;
  readonly keepAlive?: boolean;
  readonly keepAliveInitialDelay?: number;
  readonly pauseOnConnect?: boolean;
}

/** After how long a silence Linux asks the other side, when nobody said otherwise, in ms. */
const USUAL_KEEP_ALIVE_MS = 7_200_000;

type Done = (error?: Error | null) => void;

/** A socket. */
export class SimSocket extends Duplex {
  readonly #process: NetProcess;
  readonly #halfOpen: boolean;
  #endpoint: Endpoint | undefined;
  #connecting = false;
  /** Whether the stream has room for what arrives. */
  #wanted = false;
  #pumping = false;
  #afterRoom: (() => void) | undefined;
  #keepAliveMs: number | undefined;
  #stopConnecting: () => void = () => {};
  #timeoutMs = 0;
  #activeAt = 0;
  #endTimer: () => void = () => {};
  bytesRead = 0;
  bytesWritten = 0;

  constructor(process: NetProcess, options: SocketOptions = {}) {
    super({ allowHalfOpen: options.allowHalfOpen === true, emitClose: false, autoDestroy: true, decodeStrings: true });
    this.#process = process;
    this.#halfOpen = options.allowHalfOpen === true;
    if (options.keepAlive === true) this.setKeepAlive(true, options.keepAliveInitialDelay);
    this.on('end', () => this.#onEnd());
  }

  get connecting(): boolean {
    return this.#connecting;
  }

  get pending(): boolean {
    return this.#endpoint === undefined;
  }

  get readyState(): 'opening' | 'open' | 'readOnly' | 'writeOnly' | 'closed' {
    if (this.#connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  get localAddress(): string | undefined {
    return this.#endpoint?.local.address;
  }

  get localPort(): number | undefined {
    return this.#endpoint?.local.port;
  }

  get remoteAddress(): string | undefined {
    return this.#endpoint?.remote.port === undefined ? undefined : this.#endpoint.remote.address;
  }

  get remotePort(): number | undefined {
    return this.#endpoint?.remote.port;
  }

  get remoteFamily(): string | undefined {
    return this.remoteAddress === undefined ? undefined : 'IPv4';
  }

  get timeout(): number | undefined {
    return this.#timeoutMs === 0 ? undefined : this.#timeoutMs;
  }

  address(): { address?: string; port?: number | undefined; family?: string } {
    const local: SocketAddress | undefined = this.#endpoint?.local;
    return local === undefined ? {} : { ...local, family: 'IPv4' };
  }

  /** It is being connected. @param stop gives that up */
  opening(stop: () => void): void {
    this.#connecting = true;
    this.#stopConnecting = stop;
  }

  /** It could not be connected. */
  failed(error: Error): void {
    this.#connecting = false;
    this.destroy(error);
  }

  /** It has its end of a connection. @param opened whether the other side has taken it */
  attach(endpoint: Endpoint, opened: boolean): void {
    this.#endpoint = endpoint;
    endpoint.keepAliveMs = this.#keepAliveMs;
    endpoint.user = {
      readable: () => this.#readable(),
      room: () => this.#room(),
      lost: (error) => this.destroy(error),
    };
    if (opened) this.#active();
  }

  /** Begins to read, unless that is to wait. */
  begin(paused: boolean): void {
    // As Node does it: a paused socket is read when somebody resumes it, whoever listens for data before.
    if (paused) (this as { readableFlowing: boolean | null }).readableFlowing = false;
    else this.read(0);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(enable = false, delayMs = 0): this {
    this.#keepAliveMs = enable ? delayMs || USUAL_KEEP_ALIVE_MS : undefined;
    if (this.#endpoint !== undefined) this.#endpoint.keepAliveMs = this.#keepAliveMs;
    return this;
  }

  setTimeout(ms: number, listener?: () => void): this {
    this.#timeoutMs = ms;
    this.#endTimer();
    if (ms > 0) this.#watch();
    if (listener !== undefined) {
      if (ms > 0) this.once('timeout', listener);
      else this.off('timeout', listener);
    }
    this.#active();
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  resetAndDestroy(): this {
    this.#endpoint?.breakOff();
    return this.destroy();
  }

  override _read(): void {
    this.#wanted = true;
    if (this.#endpoint?.hasArrivals !== true || this.#pumping) return;
    // What has arrived before is read in a turn of its own, as the event loop does it.
    this.#pumping = true;
    this.#process.soon(() => {
      this.#pumping = false;
      this.#readable();
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#connecting) return this.#writeWhenConnected(chunk, done);
    if (this.#endpoint === undefined) return done(networkError('EPIPE', 'write'));
    this.#active();
    const error = this.#endpoint.write(chunk);
    if (error !== undefined) return done(error);
    this.bytesWritten += chunk.length;
    if (this.#endpoint.hasRoom) done();
    else this.#afterRoom = done;
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done);
  }

  override _final(done: Done): void {
    if (this.#connecting) return void this.once('connect', () => this._final(done));
    this.#endpoint?.end();
    this.#process.soon(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#stopConnecting();
    this.#endTimer();
    this.#connecting = false;
    this.#endpoint?.close();
    this.#process.soon(() => this.emit('close', error !== null));
    done(error);
  }

  #writeWhenConnected(chunk: Buffer, done: Done): void {
    const closed = (): void =>
      done(
        Object.assign(new Error('Socket closed before the connection was established'), {
          code: 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
        }),
      );
    this.once('close', closed);
    this.once('connect', () => {
      this.off('close', closed);
      this._write(chunk, 'utf8', done);
    });
  }

  #readable(): void {
    while ((this.#wanted || this.#connecting) && !this.destroyed) {
      const arrival = this.#endpoint?.take();
      if (arrival === undefined) return;
      this.#active();
      if (arrival.kind === 'accepted') this.#accepted();
      else if (arrival.kind === 'reset') this.destroy(networkError('ECONNRESET', 'read'));
      else if (arrival.kind === 'bytes') {
        this.bytesRead += arrival.bytes.length;
        this.#wanted = this.push(arrival.bytes);
      } else {
        this.push(null);
        // Makes 'end' come where nothing is buffered, as Node does.
        this.read(0);
        return;
      }
    }
  }

  #accepted(): void {
    this.#connecting = false;
    this.emit('connect');
    this.emit('ready');
    if (!this.isPaused()) this.read(0);
  }

  #room(): void {
    const done = this.#afterRoom;
    this.#afterRoom = undefined;
    if (done === undefined) return;
    if (this.#endpoint?.hasRoom === true) done();
    else this.#afterRoom = done;
  }

  /** The other side has ended: without half-open connections, whatever is written from now on is an error. */
  #onEnd(): void {
    if (this.#halfOpen) return;
    const write = this.write.bind(this) as (...given: unknown[]) => boolean;
    this.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
      if (!this.writableEnded) return write(chunk, encoding, done);
      const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
      const told = typeof encoding === 'function' ? encoding : done;
      if (typeof told === 'function') process.nextTick(told as (error: Error) => void, error);
      this.destroy(error);
      return false;
    };
  }

  #active(): void {
    this.#activeAt = this.#process.scheduler.now;
  }

  #watch(): void {
    const left = this.#activeAt + this.#timeoutMs - this.#process.scheduler.now;
    this.#endTimer = this.#process.after(left > 0 ? left : this.#timeoutMs, 'timeout', () => {
      if (this.destroyed) return;
      if (this.#process.scheduler.now - this.#activeAt >= this.#timeoutMs) {
        this.emit('timeout');
        this.#active();
      }
      this.#watch();
    });
  }
}
