/**
 * best_effort: sent and forgotten. What the sink gives back, because its receiver could not take it, and what waited behind
 * that is dropped and counted; it never holds up what comes later.
 */
import { sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Channel, Transaction, TransactionState } from '../channels/channel.ts';
import { defineComponent } from '../component/component.ts';
import { int, type Values } from '../component/fields.ts';
import type { Sink, SinkStatus } from '../sinks/sink.ts';
import { onlySink, type ProcessorContext, type ProcessorType, type SinkProcessor } from './processor.ts';

const fields = {
  backoff: int({
    unit: 'ms',
    doc: 'ms between two attempts to reach the receiver; what comes meanwhile is sent then',
    default: 1000,
  }),
};

class BestEffort implements SinkProcessor {
  readonly #values: Values<typeof fields>;
  readonly #context: ProcessorContext;
  readonly #channel: Channel;
  readonly #sink: Sink;
  #dropping = true;

  constructor(values: Values<typeof fields>, context: ProcessorContext) {
    this.#values = values;
    this.#context = context;
    const sink = onlySink(context);
    this.#channel = sink.channel;
    this.#sink = sink.open(forgetful(sink.channel, (events) => this.#onGivenBack(events)));
  }

  start(): Promise<void> {
    return this.#sink.start();
  }

  async stop(): Promise<void> {
    this.#dropping = false;
    await this.#sink.stop();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    try {
      return await this.#sink.process(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const { clock, log, counters, name } = this.#context;
      await this.#dropWaiting();
      log.warn(
        { cause: messageOf(error), dropped: counters.EventDropCount },
        `sink ${name} could not deliver (${messageOf(error)}): what it had was dropped, ${counters.EventDropCount} events so far`,
      );
      await sleep(clock, this.#values.backoff, signal);
      return 'ready';
    }
  }

  async idle(): Promise<number | undefined> {
    return this.#sink.idle?.();
  }

  available(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#channel.available(timeoutMs, signal);
  }

  async whenEmpty(): Promise<void> {}

  /** @returns whether they are to be dropped; those that a stop gives back stay in the channel */
  #onGivenBack(events: number): boolean {
    if (this.#dropping) this.#context.counters.EventDropCount += events;
    return this.#dropping;
  }

  /** What was in the channel at the time of the failure, not what comes while it is dropped. */
  async #dropWaiting(): Promise<void> {
    for (let left = this.#channel.size; left > 0; ) {
      const transaction = this.#channel.transaction();
      transaction.begin();
      const most = Math.min(left, this.#channel.transactionCapacity);
      let taken = 0;
      while (taken < most && transaction.take() !== undefined) taken++;
      await transaction.commit();
      transaction.close();
      if (taken === 0) return;
      this.#context.counters.EventDropCount += taken;
      left -= taken;
    }
  }
}

/** `channel` for a sink: a rollback of takes takes them out for good when `drop` says so. */
function forgetful(channel: Channel, drop: (events: number) => boolean): Channel {
  return {
    start: () => channel.start(),
    stop: () => channel.stop(),
    transaction: () => new ForgetfulTransaction(channel.transaction(), drop),
    available: (timeoutMs, signal) => channel.available(timeoutMs, signal),
    whenEmpty: (signal) => channel.whenEmpty(signal),
    get transactionCapacity() {
      return channel.transactionCapacity;
    },
    get size() {
      return channel.size;
    },
  };
}

class ForgetfulTransaction implements Transaction {
  readonly #inner: Transaction;
  readonly #drop: (events: number) => boolean;
  #taken = 0;
  #dropped: Promise<void> | undefined;

  constructor(inner: Transaction, drop: (events: number) => boolean) {
    this.#inner = inner;
    this.#drop = drop;
  }

  get state(): TransactionState {
    return this.#dropped === undefined ? this.#inner.state : 'completed';
  }

  begin(): void {
    this.#inner.begin();
  }

  put(event: PlainEvent): void {
    this.#inner.put(event);
  }

  take(): PlainEvent | undefined {
    const event = this.#inner.take();
    if (event !== undefined) this.#taken++;
    return event;
  }

  commit(): Promise<void> {
    return this.#inner.commit();
  }

  rollback(): Promise<void> {
    if (this.#taken === 0 || !this.#drop(this.#taken)) return this.#inner.rollback();
    this.#dropped = this.#forget();
    return this.#dropped;
  }

  close(): void {
    // A transaction that drops closes itself, once it has.
    if (this.#dropped === undefined) this.#inner.close();
  }

  async #forget(): Promise<void> {
    try {
      await this.#inner.commit();
    } catch {
      // They stay in the channel then, and are sent or dropped later: what a counter said too much is no loss.
      await this.#inner.rollback();
    }
    this.#inner.close();
  }
}

/** The processor of the level best-effort. */
export const bestEffort: ProcessorType = defineComponent({
  type: 'best_effort',
  doc: 'sends and forgets: what its sink cannot deliver is dropped and counted',
  delivery: 'At most once: what cannot be delivered is dropped and counted.',
  differences: ['It is not in Flume 1.x: it is what Flume 0.9 called the best effort level.'],
  fields,
  limits: () => ({ sinks: 1 }),
  gives: { durable: 'best-effort', memory: 'best-effort', madeFor: 'best-effort' },
  create: (values, context: ProcessorContext): SinkProcessor => new BestEffort(values, context),
});
