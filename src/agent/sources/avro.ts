/** The Avro source: takes events from Flume's Avro sinks and RPC clients; answers OK after the channels' commits, FAILED when one did not take them. */

import { DEFAULT_EVENT_LIMITS } from '../../avro/event-check.ts';
import { DEFAULT_MAX_FRAME_BYTES } from '../../avro/frames.ts';
import { ipFilter } from '../../avro/ip-filter.ts';
import { flumeProtocol } from '../../avro/protocols/flume.ts';
import type { RpcConnection } from '../../avro/rpc-request.ts';
import { AvroRpcServer } from '../../avro/server.ts';
import { messageOf } from '../../core/errors.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { bool, choice, int, port, text, type Values } from '../component/fields.ts';
import { checkServerTls, serverTls, serverTlsFields } from '../component/tls-fields.ts';
import { RequestLine } from './avro/request-line.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';

const fields = {
  bind: text({ doc: 'address to listen on', required: true }),
  port: port({ doc: 'port to listen on', required: true }),
  threads: int({ doc: 'of no meaning here' }),
  'compression-type': choice(['none', 'deflate'], {
    doc: 'of no meaning here: both kinds of peers are taken',
    default: 'none',
  }),
  ipFilter: bool({ doc: 'use ipFilterRules', default: false }),
  ipFilterRules: text({ doc: 'comma separated rules allow|deny:ip|name:pattern, the first that fits counts' }),
  maxConnections: int({
    doc: 'connections in all; where there is no room, the one quiet longest is closed',
    default: 2000,
    min: 1,
  }),
  maxConnectionsPerAddress: int({ doc: 'connections of one address', default: 500, min: 1 }),
  handshakeTimeout: int({
    unit: 'ms',
    doc: 'ms from the connect to the end of the handshake',
    default: 20_000,
    min: 1,
  }),
  idleTimeout: int({
    unit: 'ms',
    doc: 'ms after which a quiet connection is closed; 0: not while there is room',
    default: 0,
  }),
  maxFrameBytes: int({ unit: 'bytes', doc: 'largest request in bytes', default: DEFAULT_MAX_FRAME_BYTES, min: 1 }),
  maxPartialBytes: int({
    unit: 'bytes',
    doc: 'bytes for requests that have not arrived whole, over all connections',
    default: 256 * 1024 * 1024,
    min: 1,
  }),
  maxEvents: int({ unit: 'events', doc: 'events of one request', default: DEFAULT_EVENT_LIMITS.maxEvents, min: 1 }),
  maxHeaders: int({ doc: 'headers of one event', default: DEFAULT_EVENT_LIMITS.maxHeaders, min: 1 }),
  maxHeaderBytes: int({
    unit: 'bytes',
    doc: 'headers of one event in bytes',
    default: DEFAULT_EVENT_LIMITS.maxHeaderBytes,
    min: 1,
  }),
  ...serverTlsFields,
};

/** What one connection may have in flight: each may be a batch of megabytes. */
const PIPELINE = 100;

class AvroSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #lines = new Map<RpcConnection, RequestLine>();
  #server: AvroRpcServer | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#server?.address;
  }

  async start(): Promise<void> {
    const { bind, port: number, ipFilter: filtering, ipFilterRules, handshakeTimeout, idleTimeout } = this.#values;
    const { maxConnections, maxConnectionsPerAddress, maxFrameBytes, maxPartialBytes } = this.#values;
    const owner = `source ${this.#context.name}`;
    gauge(this.#context.counters, 'OpenConnectionCount', () => this.#server?.connectionCount ?? 0);
    this.#server = await AvroRpcServer.listen({
      host: bind,
      port: number,
      protocol: flumeProtocol,
      owner,
      log: this.#context.log,
      pipeline: PIPELINE,
      tls: serverTls(this.#values, owner),
      ipFilter: filtering ? ipFilterRules : undefined,
      handshakeTimeoutMs: handshakeTimeout,
      idleTimeoutMs: idleTimeout,
      ...{ maxConnections, maxConnectionsPerAddress, maxFrameBytes, maxPartialBytes },
      onRequest: (request) => this.#lineOf(request.connection).add(request),
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.stopAccepting();
    server.pauseReading();
    await Promise.all([...this.#lines.values()].map((line) => line.idle()));
    await server.close();
  }

  whenEnded(): Promise<void> {
    return never();
  }

  #lineOf(connection: RpcConnection): RequestLine {
    const known = this.#lines.get(connection);
    if (known !== undefined) return known;
    const line = new RequestLine(this.#context, this.#values);
    this.#lines.set(connection, line);
    connection.onClose(() => void line.idle().then(() => this.#lines.delete(connection)));
    return line;
  }
}

/** The Avro source. */
export const avro: SourceType = defineComponent({
  type: 'avro',
  aliases: ['org.apache.flume.source.AvroSource'],
  doc: "takes events from Flume's Avro sinks and RPC clients",
  delivery:
    'At least once: the peer is answered OK when every required channel has the events, FAILED otherwise, and sends them again then.',
  differences: [
    'Requests of one connection are answered in their order; Flume 1.11 answers pipelined ones in any.',
    'Peers with and without compression are taken, whatever compression-type says.',
    'Key stores are PKCS#12 or PEM; JKS cannot be read.',
  ],
  fields,
  check(values, complain) {
    checkServerTls(values, complain);
    const { ipFilter: filtering, ipFilterRules: rules } = values;
    if (filtering && rules === undefined) complain('ipFilter', 'is true, but ipFilterRules is missing');
    if (rules === undefined) return;
    try {
      ipFilter(rules);
    } catch (error) {
      complain('ipFilterRules', `cannot be used: ${messageOf(error)}`);
    }
  },
  resources: ({ bind, port: number }) => [{ kind: 'port', host: bind, port: number, property: 'port' }],
  create: (values, context: SourceContext): Source => new AvroSource(values, context),
});
