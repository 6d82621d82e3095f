/** The multiport_syslogtcp source: syslog messages of TCP connections to several ports, each port with a character set of its own. */
import type { Socket } from 'node:net';
import type { Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Charset } from '../component/charset/charset.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { charset, int, map, names, text, type Values } from '../component/fields.ts';
import { checkServerTls, serverTls, serverTlsFields } from '../component/tls-fields.ts';
import { deliverAll } from './net/batches.ts';
import { Peers } from './net/peer.ts';
import { TcpListener } from './net/tcp-listener.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';
import { eventSize, SYSLOG_DELIVERY, syslogFields } from './syslog/fields.ts';
import { type KeepFields, keepFields } from './syslog/keep-fields.ts';
import { STATUS_HEADER } from './syslog/message.ts';
import { parseSyslogLine } from './syslog/parsed-line.ts';
import { SizedLines } from './syslog/sized-lines.ts';

const fields = {
  ports: names({ doc: 'ports to listen on, separated by blanks', required: true }),
  ...syslogFields,
  eventSize,
  portHeader: text({ doc: 'header that gets the port that a message came to' }),
  'charset.default': charset({ doc: 'character set of the messages', default: 'UTF-8' }),
  'charset.port.*': map(charset({ doc: 'character set' }), { doc: 'character sets of single ports' }),
  batchSize: int({ unit: 'events', doc: 'events per transaction at most', default: 100, min: 1 }),
  readBufferBytes: int({ unit: 'bytes', doc: 'of no meaning here', default: 1024, aliases: ['readBufferSize'] }),
  numProcessors: int({ doc: 'of no meaning here' }),
  maxConnections: int({ doc: 'connections of one port; more are closed as they come', default: 2000, min: 1 }),
  ...serverTlsFields,
};

/** How often a port that cannot be listened on is tried again, in ms. */
const RETRY_MS = 3000;

class MultiportSyslogSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #keep: KeepFields;
  readonly #peers: Peers;
  readonly #listeners: TcpListener[] = [];
  readonly #retries = new Map<number, Timer>();
  #stopping = false;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#keep = keepFields(values.keepFields);
    this.#peers = new Peers({ ip: values.clientIPHeader, hostname: values.clientHostnameHeader });
    gauge(context.counters, 'OpenConnectionCount', () =>
      this.#listeners.reduce((sum, { connections }) => sum + connections, 0),
    );
  }

  get address(): Source['address'] {
    return this.#listeners[0]?.address;
  }

  async start(): Promise<void> {
    const ports = this.#values.ports.map(Number);
    const failed: [number, unknown][] = [];
    for (const port of ports) await this.#listen(port).catch((error: unknown) => failed.push([port, error]));
    // A source none of whose ports can be had is not started; one that has some serves those.
    if (failed.length === ports.length) throw failed[0]?.[1];
    for (const [port, error] of failed) this.#retryLater(port, error);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#retries.values()) timer.cancel();
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
  }

  whenEnded(): Promise<void> {
    return never();
  }

  async #listen(port: number): Promise<void> {
    const { clock, log, name } = this.#context;
    const { host, maxConnections } = this.#values;
    const owner = `source ${name}`;
    const tls = serverTls(this.#values, owner);
    const set = this.#values['charset.port.*'].get(String(port)) ?? this.#values['charset.default'];
    const serve = (socket: Socket, stopped: AbortSignal): Promise<void> => this.#serve(socket, stopped, set);
    const listener = new TcpListener({ host, port, owner, log, clock, tls, maxConnections, serve });
    await listener.start();
    if (this.#stopping) return listener.stop();
    this.#listeners.push(listener);
  }

  #retryLater(port: number, error: unknown): void {
    const { clock, log, name } = this.#context;
    log.error(
      { port, cause: messageOf(error) },
      `source ${name}: port ${port} is tried again every ${RETRY_MS} ms: ${messageOf(error)}`,
    );
    const again = (): void => {
      if (this.#stopping) return;
      this.#listen(port).then(
        () => {
          this.#retries.delete(port);
          log.info({ port }, `source ${name}: port ${port} is listened on now`);
        },
        () => this.#retries.set(port, clock.after(RETRY_MS, again)),
      );
    };
    this.#retries.set(port, clock.after(RETRY_MS, again));
  }

  async #serve(socket: Socket, stopped: AbortSignal, set: Charset): Promise<void> {
    const { log, name } = this.#context;
    const { batchSize, portHeader } = this.#values;
    const lines = new SizedLines(this.#values.eventSize);
    const headers: Record<string, string> = { ...(await this.#peers.headersOf(socket.remoteAddress ?? '')) };
    const port = portHeader === undefined ? {} : { [portHeader]: String(socket.localPort) };
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const events = lines.feed(chunk).map(({ bytes, cut }) => this.#event(bytes, cut, set));
      const told = events.map((event) => ({ headers: { ...event.headers, ...port, ...headers }, body: event.body }));
      const lost = await deliverAll(told, this.#context, stopped, batchSize);
      if (lost > 0)
        log.error({ lost }, `source ${name}: ${lost} messages are lost: it was stopped before the channels took them`);
      if (stopped.aborted) return;
    }
  }

  #event(bytes: Buffer, cut: boolean, set: Charset): PlainEvent {
    const { clock, counters } = this.#context;
    const decoder = set.decoder('FAIL');
    const line = decoder.write(bytes) + decoder.end();
    if (!decoder.failed) {
      try {
        const { body, headers } = parseSyslogLine(line, this.#keep, clock.now());
        return { headers: cut ? { ...headers, [STATUS_HEADER]: 'Incomplete' } : headers, body: set.encode(body) };
      } catch {
        // What the line lacks is told by the header of its event, as by Flume.
      }
    }
    counters.EventReadFail++;
    return { headers: { [STATUS_HEADER]: 'Invalid' }, body: Buffer.from(bytes) };
  }
}

/** The multiport_syslogtcp source. */
export const multiportSyslogTcp: SourceType = defineComponent({
  type: 'multiport_syslogtcp',
  aliases: ['org.apache.flume.source.MultiportSyslogTCPSource'],
  doc: 'one event per syslog message of TCP connections to several ports; messages end with a newline',
  delivery: SYSLOG_DELIVERY,
  differences: [
    'Messages that a channel does not take are kept and put again, and the peer is not read meanwhile; Flume drops them.',
    'A time without a year (RFC 3164) gets the year that brings it nearest to now, from eleven months back to one ahead; Flume 1.11 gives some a year near 2000.',
    'A port that cannot be listened on is tried again every 3 s while the others are served; when there is none that can, the source does not start.',
    'Empty lines are skipped; in Flume one ends the reading of what arrived with it.',
  ],
  fields,
  check(values, complain) {
    checkServerTls(values, complain);
    for (const port of values.ports)
      if (!/^\d+$/.test(port) || Number(port) > 65_535)
        complain('ports', `names ${port}, expected numbers from 0 to 65535`);
    for (const port of values['charset.port.*'].keys())
      if (!values.ports.includes(port)) complain('ports', `does not name ${port}, which charset.port.${port} is for`);
    if (new Set(values.ports).size < values.ports.length) complain('ports', 'names a port twice');
  },
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  resources: ({ host, ports }) =>
    ports.map((port) => ({ kind: 'port', host: host ?? '0.0.0.0', port: Number(port), property: 'ports' })),
  create: (values, context: SourceContext): Source => new MultiportSyslogSource(values, context),
});
