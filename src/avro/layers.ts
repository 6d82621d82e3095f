/**
 * What may lie between a socket and the frames: TLS, and zlib compression of the whole stream in each direction.
 * Flume up to 1.9 puts TLS outermost with zlib inside, Flume 1.10 and 1.11 put zlib outermost with TLS inside; the first
 * byte of each layer tells which: 00 frames, 16 a TLS handshake, 78 a zlib stream.
 */

import { Duplex } from 'node:stream';
import type { ConnectionOptions, SecureContext, SecureContextOptions, SecureVersion, TLSSocket } from 'node:tls';
import zlib from 'node:zlib';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { tls } from '../core/machine.ts';

/** Key, certificate and settings of a server, a subset of Node's. PEM text or bytes, or a PKCS#12 store as `pfx` with its `passphrase`. */
export type ServerTls = Pick<
  SecureContextOptions,
  'key' | 'cert' | 'pfx' | 'passphrase' | 'ca' | 'ciphers' | 'minVersion' | 'maxVersion'
> & { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean };

/** Settings of a client, a subset of Node's. */
export type ClientTls = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'pfx'
  | 'passphrase'
  | 'rejectUnauthorized'
  | 'servername'
  | 'ciphers'
  | 'minVersion'
  | 'maxVersion'
> & {
  /** Whether the certificate's name must fit the host (Flume's own clients do not look). Default false. */
  readonly checkServerName?: boolean;
  /** Which of TLS and zlib is outermost when both are used: as Flume 1.10 and later (zlib), or as 1.9 and before (TLS). */
  readonly layering?: 'flume-1.10' | 'flume-1.9';
};

/** Versions of TLS, as settings name them. */
export const TLS_VERSIONS: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'];

/** What a server does with compressed streams: take both kinds, only plain ones, or only compressed ones. */
export type Compression = 'auto' | 'none' | 'deflate';

/** What a server accepts below the frames. */
export interface LayerRules {
  readonly tls: SecureContext | undefined;
  readonly tlsOptions: ServerTls | undefined;
  readonly compression: Compression;
}

/** The secure context of a server, made once for all connections. @throws StreamjobError TLS_INVALID */
export function secureContext(options: ServerTls): SecureContext {
  try {
    return tls.createSecureContext(options);
  } catch (cause) {
    throw new StreamjobError('TLS_INVALID', `the TLS key or certificate cannot be used: ${messageOf(cause)}`, {
      hint: 'give PEM texts as key and cert, or a PKCS#12 store as pfx with its passphrase',
      cause,
    });
  }
}

/**
 * Takes the layers off a new connection. `ready` gets the stream of frames; `refuse` a reason why there is none.
 * Errors of any layer come as 'error' events of that layer and are given to `refuse` too, also later on.
 */
export function acceptLayers(
  socket: Duplex,
  rules: LayerRules,
  ready: (stream: Duplex) => void,
  refuse: (reason: string) => void,
): void {
  peel(socket, { ...rules, seen: '' }, ready, refuse);
}

/** `seen` is the layers that were taken off already, outermost first; each may occur once. */
type Peeling = LayerRules & { readonly seen: '' | 't' | 'z' | 'tz' | 'zt' };

function peel(stream: Duplex, state: Peeling, ready: (stream: Duplex) => void, refuse: (reason: string) => void): void {
  const next = (inner: Duplex, layer: 't' | 'z'): void => {
    inner.on('error', (error) => refuse(messageOf(error)));
    peel(inner, { ...state, seen: `${state.seen}${layer}` as Peeling['seen'] }, ready, refuse);
  };
  const look = (): void => {
    const chunk: Buffer | null = stream.read();
    if (chunk === null) {
      // 'readable' comes at the end of the stream too, with nothing to read: the peer left before its first byte.
      if (!stream.readableEnded) stream.once('readable', look);
      return;
    }
    stream.unshift(chunk);
    const first = chunk[0];
    if (first === 0x16 && !state.seen.includes('t')) {
      if (state.tls === undefined) return refuse('it speaks TLS, and this side has no key and certificate');
      next(tlsServer(stream, state.tls, state.tlsOptions ?? {}), 't');
    } else if (first === 0x78 && !state.seen.includes('z')) {
      if (state.compression === 'none') return refuse('it sends compressed data, and compression is set to none');
      next(new ZlibLayer(stream, SERVER_ZLIB), 'z');
    } else if (first === 0x00 || beginsFrame(chunk)) {
      const reason = missingLayer(state);
      if (reason === undefined) ready(stream);
      else refuse(reason);
    } else refuse(`its first byte is 0x${first?.toString(16).padStart(2, '0')}: ${guess(chunk)}`);
  };
  look();
}

/** A client that has made millions of calls begins with a serial whose first byte is not 0; a plausible number of buffers follows it. */
function beginsFrame(chunk: Buffer): boolean {
  if (chunk.length < 8) return false;
  const buffers = chunk.readInt32BE(4);
  return buffers > 0 && buffers < MOST_PLAUSIBLE_BUFFERS;
}

/** Java's clients send buffers of 8 KB: a frame of 64 MB has 8192. */
const MOST_PLAUSIBLE_BUFFERS = 2 ** 20;

function missingLayer(state: Peeling): string | undefined {
  if (state.tls !== undefined && !state.seen.includes('t')) return 'it speaks no TLS, and this side wants it';
  if (state.compression === 'deflate' && !state.seen.includes('z')) {
    return 'it sends plain data, and compression is set to deflate';
  }
  return undefined;
}

function guess(chunk: Buffer): string {
  return /^(GET|POST|PUT|HEAD|DELETE|OPTIONS|PRI|CONNECT) /.test(chunk.toString('latin1', 0, 8))
    ? 'an HTTP request, not Avro RPC'
    : 'neither Avro RPC frames, TLS nor zlib';
}

function tlsServer(stream: Duplex, context: SecureContext, options: ServerTls): TLSSocket {
  return new tls.TLSSocket(stream, {
    isServer: true,
    secureContext: context,
    requestCert: options.requestCert ?? false,
    rejectUnauthorized: options.rejectUnauthorized ?? false,
  });
}

/** Answers are some bytes long: for them the least memory is enough (3 KiB instead of 256 for each connection). */
const SERVER_ZLIB = { level: 6, windowBits: 9, memLevel: 1 };

/** zlib (RFC 1950) over a byte stream, one continuous stream each way, flushed at each write (Z_SYNC_FLUSH). */
export class ZlibLayer extends Duplex {
  readonly #inner: Duplex;
  readonly #inflate: zlib.Inflate;
  readonly #options: zlib.ZlibOptions;
  /** Made when something is written: a connection that is never answered costs none. */
  #deflate: zlib.Deflate | undefined;
  #wanted = false;

  /** @param options of the direction that is written; its level is 0 (none) to 9 (best) */
  constructor(inner: Duplex, options: zlib.ZlibOptions) {
    super();
    this.#inner = inner;
    this.#options = options;
    // finishFlush: a peer that goes away without the final block is no error of the stream; the frames are judged by themselves.
    this.#inflate = zlib.createInflate({
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
    });
    this.#inflate.on('readable', () => {
      if (this.#wanted) this.#forward();
    });
    this.#inflate.on('end', () => this.push(null));
    this.#inflate.on('error', (error) => this.destroy(error));
    inner.on('error', (error) => this.destroy(error));
    inner.on('close', () => this.destroy());
    inner.pipe(this.#inflate);
  }

  #writer(): zlib.Deflate {
    if (this.#deflate !== undefined) return this.#deflate;
    const deflate = zlib.createDeflate({ ...this.#options, flush: zlib.constants.Z_SYNC_FLUSH });
    deflate.on('error', (error) => this.destroy(error));
    deflate.pipe(this.#inner);
    this.#deflate = deflate;
    return deflate;
  }

  /** Inflates no more than was asked for: a paused reader must not gather what a few compressed bytes become. */
  #forward(): void {
    while (this.#wanted) {
      const chunk: Buffer | null = this.#inflate.read();
      if (chunk === null) return;
      this.#wanted = this.push(chunk);
    }
  }

  override _read(): void {
    this.#wanted = true;
    this.#forward();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writer().write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#deflate === undefined) this.#inner.end(done);
    else this.#deflate.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#inner.destroy();
    this.#inflate.destroy();
    this.#deflate?.destroy();
    done(error);
  }
}

/** Puts a client's layers onto its socket, in the order of `tlsOptions.layering`. */
export function clientLayers(
  socket: Duplex,
  host: string,
  compressed: boolean,
  level: number,
  options: ClientTls | undefined,
): Duplex {
  if (options === undefined) return compressed ? new ZlibLayer(socket, { level }) : socket;
  if (!compressed) return tlsClient(socket, host, options);
  return options.layering === 'flume-1.9'
    ? new ZlibLayer(tlsClient(socket, host, options), { level })
    : tlsClient(new ZlibLayer(socket, { level }), host, options);
}

function tlsClient(socket: Duplex, host: string, options: ClientTls): TLSSocket {
  const { layering: _, checkServerName, ...rest } = options;
  return tls.connect({
    ...rest,
    socket,
    host,
    ...(checkServerName === true ? {} : { checkServerIdentity: () => undefined }),
  });
}
