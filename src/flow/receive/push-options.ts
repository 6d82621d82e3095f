/** What `flumeStream` takes, and how it is checked. */
import type { Compression, ServerTls } from '../../avro/layers.ts';
import type { AvroRpcServerOptions } from '../../avro/server.ts';
import { type DurationLike, durationMs } from '../../core/duration.ts';
import {
  anything,
  count,
  duration,
  flag,
  type OptionTable,
  object,
  oneOf,
  port,
  type SizeLike,
  size,
  sizeBytes,
  text,
} from '../../core/options.ts';
import { DEDUPE_OPTIONS, type DedupeOptions } from './input.ts';
import { EVENT_LIMIT_OPTIONS, type EventLimitOptions } from './limits.ts';

/** What `flumeStream` takes. */
export interface FlumePushOptions extends EventLimitOptions {
  /** The address to listen on. Default 0.0.0.0, all of this machine. */
  readonly host?: string;
  /** The port to listen on; 0: any free one. */
  readonly port: number;
  /** Key and certificate: then peers must speak TLS. */
  readonly tls?: ServerTls;
  /** 'auto' (default) takes plain and compressed peers, 'deflate' only compressed ones, 'none' only plain ones. */
  readonly compression?: Compression;
  /** Flume's rules, e.g. `allow:ip:10.1.*,deny:ip:*`. Default: every peer may connect. */
  readonly ipFilter?: string;
  /** The largest request: bytes, or a text such as '64MiB', the default. */
  readonly maxFrameBytes?: SizeLike;
  /**
   * Bytes for requests that have not arrived whole, over all connections; one request may go beyond it. While others wait for
   * memory, connections that hold some and send next to nothing are closed. Bytes, or a text such as '256MiB', the default.
   */
  readonly maxPartialBytes?: SizeLike;
  /**
   * Connections in all. Where there is no room for a new one, or file descriptors are short, the one that has been quiet longest
   * is closed: a Flume sink then connects anew with its next batch. Default 2000.
   */
  readonly maxConnections?: number;
  /** Connections of one address. Default 500. */
  readonly maxConnectionsPerAddress?: number;
  /** The handshake must be through within this time of the connect, with TLS and all. Default 20s, Flume's connect-timeout. */
  readonly handshakeTimeout?: DurationLike;
  /** A connection that has been quiet for so long is closed. Default 0: not while there is room. */
  readonly idleTimeout?: DurationLike;
  /** The `request-timeout` of the sinks that send here. Default 20s, Flume's. */
  readonly peerRequestTimeout?: DurationLike;
  /**
   * Events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor. `remember`: at least so many
   * of the last ids are known, default 1,000,000.
   */
  readonly dedupe?: DedupeOptions;
}

/** What the server of a receiver is bounded by. */
export type ServerLimits = Pick<
  AvroRpcServerOptions,
  | 'maxFrameBytes'
  | 'maxPartialBytes'
  | 'maxConnections'
  | 'maxConnectionsPerAddress'
  | 'handshakeTimeoutMs'
  | 'idleTimeoutMs'
>;

const TLS_OPTIONS: OptionTable<ServerTls> = {
  key: anything({}),
  cert: anything({}),
  pfx: anything({}),
  passphrase: text({}),
  ca: anything({}),
  ciphers: text({}),
  minVersion: text({}),
  maxVersion: text({}),
  requestCert: flag({}),
  rejectUnauthorized: flag({}),
};

export const PUSH_OPTIONS: OptionTable<FlumePushOptions> = {
  ...EVENT_LIMIT_OPTIONS,
  host: text({ expected: 'an address of this machine' }),
  port: port({ required: true }),
  tls: object(TLS_OPTIONS, { expected: '{ key, cert }' }),
  compression: oneOf(['auto', 'deflate', 'none'], {}),
  ipFilter: text({ expected: 'rules such as allow:ip:10.1.*,deny:ip:*' }),
  maxFrameBytes: size({}),
  maxPartialBytes: size({}),
  maxConnections: count({ min: 1 }),
  maxConnectionsPerAddress: count({ min: 1 }),
  handshakeTimeout: duration({}),
  idleTimeout: duration({ orZero: true }),
  peerRequestTimeout: duration({}),
  dedupe: object(DEDUPE_OPTIONS, { expected: "{ header: 'id', remember: 1_000_000 }" }),
};

/** @param options checked already */
export function serverLimits(options: FlumePushOptions): ServerLimits {
  const { handshakeTimeout, idleTimeout, maxConnections, maxConnectionsPerAddress } = options;
  const bytes = (option: 'maxFrameBytes' | 'maxPartialBytes'): number | undefined => {
    const value = options[option];
    return value === undefined ? undefined : sizeBytes(value, option);
  };
  return {
    maxFrameBytes: bytes('maxFrameBytes'),
    maxPartialBytes: bytes('maxPartialBytes'),
    maxConnections,
    maxConnectionsPerAddress,
    handshakeTimeoutMs: handshakeTimeout === undefined ? undefined : durationMs(handshakeTimeout, 'handshakeTimeout'),
    // The one duration that may be 0.
    idleTimeoutMs: idleTimeout === undefined || idleTimeout === 0 ? undefined : durationMs(idleTimeout, 'idleTimeout'),
  };
}
