/** The options of a client. */
import { type ClientTls, TLS_VERSIONS } from '../../avro/layers.ts';
import type { DurationLike } from '../../core/duration.ts';
import { anything, count, duration, flag, list, type OptionTable, object, oneOf, text } from '../../core/options.ts';

/** How a client is made. */
export interface RpcClientOptions {
  /** `host:port` of one Avro source, or of several: the first that answers is used until it fails, then the next. */
  readonly hosts: readonly string[];
  /** Whether calls are shared among the hosts instead: in turn, or at random. Default: they are not. */
  readonly balance?: 'round_robin' | 'random' | undefined;
  /** Whether a host that has failed is left out for a while, where calls are shared. Default: false. */
  readonly backoff?: boolean | undefined;
  /** How long it is left out at most. In ms, or a text such as '250ms', '1s', '5m'. Default: 30s. */
  readonly maxBackoff?: DurationLike | undefined;
  /** How many hosts a call tries before it fails, where calls are not shared. Default: as many as there are. */
  readonly maxAttempts?: number | undefined;
  /** Whether what is sent is compressed. Default: none. */
  readonly compression?: 'none' | 'deflate' | undefined;
  /** How hard it is compressed, from 0 (not at all) to 9. Default: 6. */
  readonly compressionLevel?: number | undefined;
  /** Settings of TLS, for a server that speaks it. Default: without TLS. */
  readonly tls?: ClientTls | undefined;
  /** Events per request; larger batches are cut. Default: 100. */
  readonly batchSize?: number | undefined;
  /** How long an answer is waited for. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s. */
  readonly requestTimeout?: DurationLike | undefined;
  /** For connecting and the handshake. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s. */
  readonly connectTimeout?: DurationLike | undefined;
}

export const CLIENT_TLS_OPTIONS = {
  ca: anything<NonNullable<ClientTls['ca']>>({ doc: 'whose signature on the certificate of the server counts' }),
  cert: anything<NonNullable<ClientTls['cert']>>({
    doc: 'the certificate of this client, for servers that ask for one',
  }),
  key: anything<NonNullable<ClientTls['key']>>({ doc: 'its private key' }),
  pfx: anything<NonNullable<ClientTls['pfx']>>({ doc: 'key and certificate in one, as PKCS 12' }),
  passphrase: text({ doc: 'of the key' }),
  rejectUnauthorized: flag({ doc: 'whether a server whose certificate does not hold is refused' }),
  servername: text({ doc: 'which name the server is asked for' }),
  ciphers: text({ doc: 'which ciphers may be used, as OpenSSL writes them' }),
  minVersion: oneOf(TLS_VERSIONS, { doc: 'the oldest version of TLS' }),
  maxVersion: oneOf(TLS_VERSIONS, { doc: 'the newest version of TLS' }),
  checkServerName: flag({
    absent: 'false',
    doc: "whether the certificate's name must fit the host (Flume's own clients do not look)",
  }),
  layering: oneOf(['flume-1.10', 'flume-1.9'], {
    doc: 'which of TLS and zlib is outermost when both are used: as Flume 1.10 and later (zlib), or as 1.9 and before (TLS)',
  }),
} satisfies OptionTable<ClientTls>;

export const RPC_CLIENT_OPTIONS = {
  hosts: list(text({}), {
    min: 1,
    required: true,
    expected: "at least one 'host:port'",
    doc: '`host:port` of one Avro source, or of several: the first that answers is used until it fails, then the next',
  }),
  balance: oneOf(['round_robin', 'random'], {
    absent: 'they are not',
    doc: 'whether calls are shared among the hosts instead: in turn, or at random',
  }),
  backoff: flag({
    default: false,
    doc: 'whether a host that has failed is left out for a while, where calls are shared',
  }),
  maxBackoff: duration({ default: '30s', doc: 'how long it is left out at most' }),
  maxAttempts: count({
    min: 1,
    absent: 'as many as there are',
    doc: 'how many hosts a call tries before it fails, where calls are not shared',
  }),
  compression: oneOf(['none', 'deflate'], { absent: 'none', doc: 'whether what is sent is compressed' }),
  compressionLevel: count({ min: 0, max: 9, absent: '6', doc: 'how hard it is compressed, from 0 (not at all) to 9' }),
  tls: object(CLIENT_TLS_OPTIONS, {
    expected: 'settings of TLS such as { ca }',
    absent: 'without TLS',
    doc: 'settings of TLS, for a server that speaks it',
  }),
  batchSize: count({ min: 1, default: 100, unit: 'events', doc: 'events per request; larger batches are cut' }),
  requestTimeout: duration({ default: '20s', doc: 'how long an answer is waited for' }),
  connectTimeout: duration({ default: '20s', doc: 'for connecting and the handshake' }),
} satisfies OptionTable<RpcClientOptions>;
