/** The null sink: throws events away, for tests and load. */
import { defineComponent } from '../component/component.ts';
import { int, type Values } from '../component/fields.ts';
import { finish, type Sink, type SinkContext, type SinkStatus, type SinkType, takeBatch } from './sink.ts';

const fields = {
  batchSize: int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }),
  logEveryNEvents: int({ unit: 'events', doc: 'events between two log lines', default: 10_000, min: 1 }),
};

class NullSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  #count = 0;

  constructor(values: Values<typeof fields>, context: SinkContext) {
    this.#values = values;
    this.#context = context;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async process(): Promise<SinkStatus> {
    const { channel, counters, log, name } = this.#context;
    const batch = takeBatch(channel, this.#values.batchSize, counters);
    if (batch === undefined) return 'backoff';
    await finish(batch, counters);
    const every = this.#values.logEveryNEvents;
    const before = Math.floor(this.#count / every);
    this.#count += batch.events.length;
    if (Math.floor(this.#count / every) > before)
      log.info({ events: this.#count }, `sink ${name}: ${this.#count} events so far`);
    return 'ready';
  }
}

/** The null sink. */
export const nullSink: SinkType = defineComponent({
  type: 'null',
  aliases: ['org.apache.flume.sink.NullSink'],
  doc: 'throws events away',
  delivery: 'None: events leave the channel and are gone.',
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  create: (values, context: SinkContext): Sink => new NullSink(values, context),
});
