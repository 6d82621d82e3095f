/** The sequence source: events whose bodies are 0, 1, 2, …; for tests and load. */
import { defineComponent } from '../component/component.ts';
import { int, type Values } from '../component/fields.ts';
import { breathe, deliver, never, type Source, type SourceContext, type SourceType } from './source.ts';

const fields = {
  batchSize: int({ unit: 'events', doc: 'events per transaction', default: 1, min: 1 }),
  totalEvents: int({
    unit: 'events',
    doc: 'events after which it ends',
    default: Number.MAX_SAFE_INTEGER,
    shown: 'no limit',
    min: 1,
  }),
  backoffSleepIncrement: int({ unit: 'ms', doc: 'ms of the first wait when a channel is full', default: 1000, min: 1 }),
  maxBackoffSleep: int({ unit: 'ms', doc: 'ms of the longest wait', default: 5000, min: 1 }),
};

class SeqSource implements Source {
  readonly endless: boolean;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #stop = new AbortController();
  #running: Promise<boolean> = Promise.resolve(false);

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.endless = values.totalEvents === Number.MAX_SAFE_INTEGER;
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async whenEnded(): Promise<void> {
    if (!(await this.#running)) await never();
  }

  /** @returns whether all events were brought */
  async #run(): Promise<boolean> {
    const { batchSize, totalEvents, backoffSleepIncrement, maxBackoffSleep } = this.#values;
    const retry = { first: backoffSleepIncrement, max: maxBackoffSleep };
    for (let next = 0; next < totalEvents; ) {
      await breathe();
      if (this.#stop.signal.aborted) return false;
      const length = Math.min(batchSize, totalEvents - next);
      const events = Array.from({ length }, (_, i) => ({ headers: {}, body: Buffer.from(String(next + i)) }));
      if (!(await deliver(events, this.#context, retry, this.#stop.signal))) return false;
      next += length;
    }
    return true;
  }
}

/** The sequence source. */
export const seq: SourceType = defineComponent({
  type: 'seq',
  aliases: ['org.apache.flume.source.SequenceGeneratorSource'],
  doc: 'makes events that count from 0',
  delivery:
    'At least once and in order, while the agent runs: a batch that a channel does not take is tried again. A restart counts from 0.',
  differences: ['A totalEvents that is reached ends it, so that a run can be drained.'],
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  create: (values, context: SourceContext): Source => new SeqSource(values, context),
});
