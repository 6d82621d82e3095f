/** The stress source: events of one size, as many and as fast as told, for load tests. */
import { sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { int, type Values } from '../component/fields.ts';
import { breathe, never, type Source, type SourceContext, type SourceType } from './source.ts';

const NO_LIMIT = -1;
const fields = {
  size: int({ unit: 'bytes', doc: 'size of each body', default: 500 }),
  maxTotalEvents: int({
    unit: 'events',
    doc: 'events after which it ends, those that a channel did not take included; -1: no limit',
    default: NO_LIMIT,
    min: NO_LIMIT,
  }),
  maxSuccessfulEvents: int({
    unit: 'events',
    doc: 'events that channels took after which it ends; -1: no limit',
    default: NO_LIMIT,
    min: NO_LIMIT,
  }),
  batchSize: int({ unit: 'events', doc: 'events per transaction', default: 1, min: 1 }),
  maxEventsPerSecond: int({ unit: 'events/s', doc: 'most events in a second; 0: no limit', default: 0 }),
  backoffSleepIncrement: int({ unit: 'ms', doc: 'first wait when a channel is full', default: 1000, min: 1 }),
  maxBackoffSleep: int({ unit: 'ms', doc: 'longest wait', default: 5000, min: 1 }),
};

/** What every byte of a body is, as in Flume. */
const FILLING = 0x7f;

/** What is left of a limit of which some are used. */
function left(limit: number, used: number): number {
  return limit === NO_LIMIT ? Number.POSITIVE_INFINITY : limit - used;
}

class StressSource implements Source {
  readonly endless: boolean;
  readonly #values: Values<typeof fields>;
  readonly #context: SourceContext;
  readonly #event: PlainEvent;
  readonly #stop = new AbortController();
  #running: Promise<boolean> = Promise.resolve(false);
  #total = 0;
  #successful = 0;

  constructor(values: Values<typeof fields>, context: SourceContext) {
    this.#values = values;
    this.#context = context;
    this.#event = { headers: {}, body: Buffer.alloc(values.size, FILLING) };
    this.endless = values.maxTotalEvents === NO_LIMIT && values.maxSuccessfulEvents === NO_LIMIT;
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

  /** @returns whether a limit was reached */
  async #run(): Promise<boolean> {
    const { batchSize, maxTotalEvents, maxSuccessfulEvents, maxEventsPerSecond } = this.#values;
    const { backoffSleepIncrement, maxBackoffSleep } = this.#values;
    const { clock } = this.#context;
    const { signal } = this.#stop;
    let wait = backoffSleepIncrement;
    for (let due = clock.now(); ; ) {
      const room = Math.min(left(maxTotalEvents, this.#total), left(maxSuccessfulEvents, this.#successful));
      if (room <= 0) return true;
      await breathe();
      if (due > clock.now()) await sleep(clock, due - clock.now(), signal);
      if (signal.aborted) return false;
      const length = Math.min(batchSize, room);
      // What was not sent while a channel was full is not made up for in one go.
      if (maxEventsPerSecond > 0) due = Math.max(due, clock.now()) + (length * 1000) / maxEventsPerSecond;
      if (await this.#send(length)) wait = backoffSleepIncrement;
      else {
        await sleep(clock, wait, signal);
        wait = Math.min(wait * 2, maxBackoffSleep);
      }
    }
  }

  /** @returns whether the channels took them; if not they are forgotten, as all events are the same */
  async #send(length: number): Promise<boolean> {
    const { processor, counters, log, name } = this.#context;
    this.#total += length;
    counters.EventReceivedCount += length;
    counters.AppendBatchReceivedCount++;
    try {
      await processor.process(Array.from({ length }, () => this.#event));
    } catch (error) {
      counters.ChannelWriteFail++;
      if (!this.#stop.signal.aborted)
        log.warn({ cause: messageOf(error) }, `source ${name}: a channel did not take ${length} events`);
      return false;
    }
    this.#successful += length;
    counters.EventAcceptedCount += length;
    counters.AppendBatchAcceptedCount++;
    return true;
  }
}

/** The stress source. */
export const stress: SourceType = defineComponent({
  type: 'stress',
  aliases: ['org.apache.flume.source.StressSource'],
  doc: 'makes events of one size, for load tests',
  delivery: 'None is promised: events that a channel does not take are counted and forgotten.',
  differences: [
    'It has counters, and the short name `stress`.',
    'It ends when a limit is reached, so that a run can be drained.',
  ],
  fields,
  limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
  create: (values, context: SourceContext): Source => new StressSource(values, context),
});
