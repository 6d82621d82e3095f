/** The syslogtcp source: one event per syslog message of a TCP connection. */
import type { Socket } from 'node:net';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { int, type Values } from '../component/fields.ts';
import { checkServerTls, serverTls, serverTlsFields } from '../component/tls-fields.ts';
import { deliverAll } from './net/batches.ts';
import { Peers } from './net/peer.ts';
import { TcpListener } from './net/tcp-listener.ts';
import { never, type Source, type SourceContext, type SourceType } from './source.ts';
import { checkFormat, eventSize, formatsOf, onePortFields, SYSLOG_DELIVERY } from './syslog/fields.ts';
import { keepFields } from './syslog/keep-fields.ts';
import { SyslogReader } from './syslog/message.ts';

const fields = {
  ...onePortFields,
  eventSize,
  maxConnections: int({ doc: 'connections in all; more are closed as they come', default: 2000, min: 1 }),
  ...serverTlsFields,
};

class SyslogTcpSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #peers: Peers;
  #listener: TcpListener | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#peers = new Peers({ ip: values.clientIPHeader, hostname: values.clientHostnameHeader });
    gauge(context.counters, 'OpenConnectionCount', () => this.#listener?.connections ?? 0);
  }

  get address(): Source['address'] {
    return this.#listener?.address;
  }

  async start(): Promise<void> {
    const { host, maxConnections, port } = this.#values;
    const owner = `source ${this.#context.name}`;
    const { clock, log } = this.#context;
    const tls = serverTls(this.#values, owner);
    const serve = (socket: Socket, stopped: AbortSignal): Promise<void> => this.#serve(socket, stopped);
    const listener = new TcpListener({ host, port, owner, log, clock, tls, maxConnections, serve });
    await listener.start();
    this.#listener = listener;
  }

  async stop(): Promise<void> {
    await this.#listener?.stop();
  }

  whenEnded(): Promise<void> {
    return never();
  }

  async #serve(socket: Socket, stopped: AbortSignal): Promise<void> {
    const { clock, log, name } = this.#context;
    const from = socket.remoteAddress ?? '';
    const reader = new SyslogReader({
      formats: formatsOf(this.#values),
      keep: keepFields(this.#values.keepFields),
      eventSize: this.#values.eventSize,
      now: () => clock.now(),
    });
    const headers = await this.#peers.headersOf(from);
    // Nothing is read while events are on their way: the peer feels a full channel.
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      const events = reader.feed(chunk);
      const told = events.map((event) => ({ headers: { ...event.headers, ...headers }, body: event.body }));
      const lost = await deliverAll(told, this.#context, stopped);
      if (lost > 0)
        log.error(
          { lost, peer: from },
          `source ${name}: ${lost} messages are lost: it was stopped before the channels took them`,
        );
      if (stopped.aborted) return;
    }
  }
}

/** The syslogtcp source. */
export const syslogTcp: SourceType = defineComponent({
  type: 'syslogtcp',
  aliases: ['org.apache.flume.source.SyslogTcpSource'],
  doc: 'one event per syslog message of a TCP connection; messages end with a newline',
  delivery: SYSLOG_DELIVERY,
  differences: [
    'A message that a channel does not take is kept and put again, and the peer is not read meanwhile; Flume drops it.',
    'Messages that have arrived together, up to 100, share one transaction.',
    'host need not be given.',
    'Bytes of a body that are no UTF-8 stay as they are.',
  ],
  fields,
  check(values, complain) {
    checkServerTls(values, complain);
    checkFormat(values, complain);
  },
  resources: ({ host, port }) => [{ kind: 'port', host: host ?? '0.0.0.0', port, property: 'port' }],
  create: (values, context: SourceContext): Source => new SyslogTcpSource(values, context),
});
