/** What `flumeStream` takes, and how it is checked. */
import { DEFAULT_MAX_FRAME_BYTES } from '../../avro/frames.ts';
import { type Compression, type ServerTls, TLS_VERSIONS } from '../../avro/layers.ts';
import {
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
  DEFAULT_MAX_PARTIAL_BYTES,
} from '../../avro/server.ts';
import type { DurationLike } from '../../core/duration.ts';
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
  text,
} from '../../core/options.ts';
import { DEDUPE_OPTION, type DedupeOptions } from './input.ts';
import { EVENT_LIMIT_OPTIONS, type EventLimitOptions } from './limits.ts';

/** What `flumeStream` takes. */
export interface FlumePushOptions extends EventLimitOptions {
  /** The address to listen on; 0.0.0.0: all of this machine. Default: '0.0.0.0'. */
  readonly host?: string;
  /** The port to listen on; 0: any free one. */
  readonly port: number;
  /** Key and certificate: then peers must speak TLS. Default: peers speak without TLS. */
  readonly tls?: ServerTls;
  /**
   * `auto` takes plain and compressed peers, `deflate` only compressed ones, `none` only plain ones. Default: 'auto'.
   */
  readonly compression?: Compression;
  /** Who may connect, by Flume's rules, e.g. `allow:ip:10.1.*,deny:ip:*`. Default: every peer may connect. */
  readonly ipFilter?: string;
  /** The largest request. In bytes, or a text such as '64MiB'. Default: 64MiB. */
  readonly maxFrameBytes?: SizeLike;
  /**
   * Memory for requests that have not arrived whole, over all connections. One request may go beyond it. While others
   * wait for memory, connections that hold some and send next to nothing are closed. In bytes, or a text such as
   * '64MiB'. Default: 256MiB.
   */
  readonly maxPartialBytes?: SizeLike;
  /**
   * How many connections there may be in all. Where there is no room for a new one, or file descriptors are short, the
   * one that has been quiet longest is closed: a Flume sink then connects anew with its next batch. Default: 2,000.
   */
  readonly maxConnections?: number;
  /** How many connections of one address there may be. Default: 500. */
  readonly maxConnectionsPerAddress?: number;
  /**
   * The handshake must be through within this time of the connect, with TLS and all. The default is Flume's
   * `connect-timeout`. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s.
   */
  readonly handshakeTimeout?: DurationLike;
  /**
   * A connection that has been quiet for so long is closed; 0: not while there is room. In ms, or a text such as
   * '250ms', '1s', '5m'. Default: 0.
   */
  readonly idleTimeout?: DurationLike;
  /**
   * The `request-timeout` of the sinks that send here. The default is Flume's. A request is held for at most 0.75 of
   * it; receivers are not read while the estimated delay of the backlog is over half of it; a batch interval over half
   * of it is refused at start. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s.
   */
  readonly peerRequestTimeout?: DurationLike;
  /**
   * Events that come again are dropped by the id in a header, e.g. that of Flume's UUID interceptor. Default: an event
   * that comes again is another event.
   */
  readonly dedupe?: DedupeOptions;
}

export const TLS_OPTIONS = {
  key: anything<NonNullable<ServerTls['key']>>({ doc: 'the private key' }),
  cert: anything<NonNullable<ServerTls['cert']>>({ doc: 'the certificate' }),
  pfx: anything<NonNullable<ServerTls['pfx']>>({ doc: 'key and certificate in one, as PKCS 12' }),
  passphrase: text({ doc: 'of the key' }),
  ca: anything<NonNullable<ServerTls['ca']>>({ doc: 'whose signatures on the certificates of peers count' }),
  ciphers: text({ doc: 'which ciphers may be used, as OpenSSL writes them' }),
  minVersion: oneOf(TLS_VERSIONS, { doc: 'the oldest version of TLS' }),
  maxVersion: oneOf(TLS_VERSIONS, { doc: 'the newest version of TLS' }),
  requestCert: flag({ doc: 'whether peers are asked for a certificate' }),
  rejectUnauthorized: flag({ doc: 'whether peers whose certificate does not hold are refused' }),
} satisfies OptionTable<ServerTls>;

export const PUSH_OPTIONS = {
  port: port({ required: true, doc: 'the port to listen on; 0: any free one' }),
  host: text({
    default: '0.0.0.0',
    expected: 'an address of this machine',
    doc: 'the address to listen on; 0.0.0.0: all of this machine',
  }),
  peerRequestTimeout: duration({
    default: '20s',
    doc: 'the `request-timeout` of the sinks that send here',
    more:
      "The default is Flume's. A request is held for at most 0.75 of it; receivers are not read while the estimated delay of the backlog " +
      'is over half of it; a batch interval over half of it is refused at start.',
  }),
  compression: oneOf(['auto', 'deflate', 'none'], {
    default: 'auto',
    doc: '`auto` takes plain and compressed peers, `deflate` only compressed ones, `none` only plain ones',
  }),
  tls: object(TLS_OPTIONS, {
    expected: '{ key, cert }',
    absent: 'peers speak without TLS',
    doc: 'key and certificate: then peers must speak TLS',
  }),
  ipFilter: text({
    expected: 'rules such as allow:ip:10.1.*,deny:ip:*',
    absent: 'every peer may connect',
    doc: "who may connect, by Flume's rules, e.g. `allow:ip:10.1.*,deny:ip:*`",
  }),
  dedupe: DEDUPE_OPTION,
  maxFrameBytes: size({ default: DEFAULT_MAX_FRAME_BYTES, doc: 'the largest request' }),
  maxPartialBytes: size({
    default: DEFAULT_MAX_PARTIAL_BYTES,
    doc: 'memory for requests that have not arrived whole, over all connections',
    more: 'One request may go beyond it. While others wait for memory, connections that hold some and send next to nothing are closed.',
  }),
  maxConnections: count({
    min: 1,
    default: DEFAULT_MAX_CONNECTIONS,
    unit: 'connections',
    doc: 'how many connections there may be in all',
    more:
      'Where there is no room for a new one, or file descriptors are short, the one that has been quiet longest is closed: a Flume sink ' +
      'then connects anew with its next batch.',
  }),
  maxConnectionsPerAddress: count({
    min: 1,
    default: DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
    unit: 'connections',
    doc: 'how many connections of one address there may be',
  }),
  handshakeTimeout: duration({
    default: DEFAULT_HANDSHAKE_TIMEOUT_MS,
    doc: 'the handshake must be through within this time of the connect, with TLS and all',
    more: "The default is Flume's `connect-timeout`.",
  }),
  idleTimeout: duration({
    orZero: true,
    default: 0,
    doc: 'a connection that has been quiet for so long is closed; 0: not while there is room',
  }),
  ...EVENT_LIMIT_OPTIONS,
} satisfies OptionTable<FlumePushOptions>;
