/** The Avro source: takes events from Flume's Avro sinks and RPC clients; answers OK after the channels' commits, FAILED when one did not take them. */

import { ipFilter } from '../../avro/ip-filter.ts';
import { decodeEvents, encodeStatus, type FlumeMessage, flumeProtocol } from '../../avro/protocols/flume.ts';
import { AvroRpcServer, type RpcRequest } from '../../avro/server.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../config/component.ts';
import { bool, choice, int, port, text, type Values } from '../config/fields.ts';
import { checkServerTls, serverTls, serverTlsFields } from '../config/tls-fields.ts';
import { gauge } from '../counters.ts';
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
  ...serverTlsFields,
};

/** What one connection may have in flight: each may be a batch of megabytes. */
const PIPELINE = 100;

class AvroSource implements Source {
  readonly endless = true;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #working = new Set<Promise<void>>();
  #server: AvroRpcServer | undefined;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#server?.address;
  }

  async start(): Promise<void> {
    const { bind, port: number, ipFilter: filtering, ipFilterRules } = this.#values;
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
      onRequest: (request) => {
        const work = this.#handle(request).finally(() => this.#working.delete(work));
        this.#working.add(work);
      },
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.stopAccepting();
    server.pauseReading();
    await Promise.all(this.#working);
    await server.close();
  }

  whenEnded(): Promise<void> {
    return never();
  }

  async #handle(request: RpcRequest): Promise<void> {
    const { counters, processor, log, name } = this.#context;
    const message: FlumeMessage = request.message === 'append' ? 'append' : 'appendBatch';
    let events: readonly PlainEvent[];
    try {
      events = decodeEvents(message, request.params).toArray();
    } catch (error) {
      counters.EventReadFail++;
      return request.fail(messageOf(error));
    }
    counters.EventReceivedCount += events.length;
    if (message === 'append') counters.AppendReceivedCount++;
    else counters.AppendBatchReceivedCount++;
    try {
      await processor.process(events);
    } catch (error) {
      counters.ChannelWriteFail++;
      log.warn(
        { peer: request.connection.remote, events: events.length, cause: messageOf(error) },
        `source ${name}: a channel did not take a batch, the peer is told FAILED`,
      );
      return request.reply(encodeStatus('FAILED'));
    }
    counters.EventAcceptedCount += events.length;
    if (message === 'append') counters.AppendAcceptedCount++;
    else counters.AppendBatchAcceptedCount++;
    request.reply(encodeStatus('OK'));
  }
}

/** The Avro source. */
export const avro: SourceType = defineComponent({
  type: 'avro',
  aliases: ['org.apache.flume.source.AvroSource'],
  doc: "takes events from Flume's Avro sinks and RPC clients",
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
  create: (values, context: SourceContext): Source => new AvroSource(values, context),
});
