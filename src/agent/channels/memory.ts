/**
 * The memory channel: a bounded queue. Its events are lost when the process ends.
 * Bounds: `capacity` events and `byteCapacity` bytes of bodies, counted until a take has committed.
 */
import { getHeapStatistics } from 'node:v8';
import type { ByteFill } from '../../core/agent-inspection.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { int, type Values } from '../component/fields.ts';
import type { Channel, ChannelContext, ChannelType, Transaction } from './channel.ts';
import { EventQueue } from './event-queue.ts';
import { channelClosed, newTransaction, type Taken, type TransactionHost } from './transaction.ts';
import { Waiters } from './waiters.ts';

const fields = {
  capacity: int({ unit: 'events', doc: 'most events in the channel', default: 100, min: 1, lenient: 'default' }),
  transactionCapacity: int({
    unit: 'events',
    doc: 'most events in one transaction',
    default: 100,
    min: 1,
    lenient: 'default',
  }),
  'keep-alive': int({ unit: 's', doc: 'seconds that a commit waits for room', default: 3, lenient: 'default' }),
  byteCapacity: int({
    unit: 'bytes',
    doc: 'most bytes of bodies; 0: no limit. Default: 80 % of the heap limit',
    lenient: 'default',
  }),
  byteCapacityBufferPercentage: int({
    unit: '%',
    doc: 'per cent of byteCapacity kept for headers',
    default: 20,
    max: 100,
    lenient: 'default',
  }),
};

/** Flume counts bytes in slots of this size. */
const SLOT_BYTES = 100;

class MemoryChannel implements Channel, TransactionHost {
  readonly name: string;
  readonly #context: ChannelContext;
  #transactionCapacity = 0;
  #capacity = 0;
  #slots = 0;
  #keepAliveMs = 0;
  readonly #room: Waiters;
  readonly #events: Waiters;
  readonly #empty: Waiters;
  readonly #queue = new EventQueue();
  #nextSeq = 0;
  #used = 0;
  #usedSlots = 0;
  #started = false;

  constructor(values: Values<typeof fields>, context: ChannelContext) {
    this.name = context.name;
    this.#context = context;
    this.#room = new Waiters(context.clock);
    this.#events = new Waiters(context.clock);
    this.#empty = new Waiters(context.clock);
    gauge(context.counters, 'ChannelSize', () => this.#used);
    this.adapt(values);
  }

  get transactionCapacity(): number {
    return this.#transactionCapacity;
  }

  /** Takes other bounds. What is in it stays, also where it is more than the new ones allow: then nothing is put until there is room. */
  adapt(values: Values<typeof fields>): void {
    this.#transactionCapacity = values.transactionCapacity;
    this.#capacity = values.capacity;
    this.#keepAliveMs = values['keep-alive'] * 1000;
    const bytes = values.byteCapacity ?? Math.floor(getHeapStatistics().heap_size_limit * 0.8);
    const share = 1 - values.byteCapacityBufferPercentage / 100;
    this.#slots = bytes === 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor((bytes * share) / SLOT_BYTES));
    this.#context.counters.ChannelCapacity = values.capacity;
    this.#room.wake();
  }

  get size(): number {
    return this.#used;
  }

  get bytes(): ByteFill {
    const capacity = Number.isFinite(this.#slots) ? this.#slots * SLOT_BYTES : undefined;
    return { held: this.#usedSlots * SLOT_BYTES, capacity };
  }

  async start(): Promise<void> {
    this.#started = true;
  }

  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    for (const waiters of [this.#room, this.#events, this.#empty]) waiters.release();
    if (this.#used > 0) {
      this.#context.log.warn(
        { events: this.#used },
        `channel ${this.name} is in memory: stopped with ${this.#used} events in it`,
      );
    }
  }

  transaction(): Transaction {
    return newTransaction(this);
  }

  available(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#started) return Promise.resolve(false);
    return this.#events.wait(() => this.#queue.first !== undefined, timeoutMs, signal);
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    if (this.#started) await this.#empty.wait(() => this.#used === 0, Number.POSITIVE_INFINITY, signal);
  }

  requireOpen(): void {
    if (!this.#started) throw channelClosed(this.name);
  }

  takeNext(): Taken | undefined {
    this.#context.counters.EventTakeAttemptCount++;
    return this.#queue.take();
  }

  async commit(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void> {
    const { counters } = this.#context;
    counters.EventPutAttemptCount += puts.length;
    const events = puts.length - takes.length;
    const slots = slotsOf(puts) - slotsOf(takes.map((taken) => taken.event));
    await this.#reserve(events, slots);
    for (const event of puts) this.#queue.push({ seq: this.#nextSeq++, event });
    counters.EventPutSuccessCount += puts.length;
    counters.EventTakeSuccessCount += takes.length;
    if (puts.length > 0) this.#events.wake();
    if (events < 0 || slots < 0) this.#room.wake();
    if (this.#used === 0) this.#empty.wake();
  }

  restore(takes: readonly Taken[]): void {
    this.#queue.restore(takes);
    this.#events.wake();
  }

  /** Takes (or, when negative, gives back) room for a commit. A commit that frees room on balance never waits. */
  async #reserve(events: number, slots: number): Promise<void> {
    const fits = (): boolean =>
      (events <= 0 || this.#used + events <= this.#capacity) && (slots <= 0 || this.#usedSlots + slots <= this.#slots);
    const take = (): boolean => {
      if (!fits()) return false;
      this.#used += events;
      this.#usedSlots += slots;
      return true;
    };
    if (events <= 0 && slots <= 0) {
      take();
      return;
    }
    if (await this.#room.wait(take, this.#keepAliveMs)) return;
    this.requireOpen();
    const bytes = events <= 0 || this.#used + events <= this.#capacity;
    throw new StreamjobError(
      'CHANNEL_FULL',
      bytes
        ? `channel ${this.name} has no room: its byteCapacity is reached`
        : `channel ${this.name} has no room for ${events} events: ${this.#used} of ${this.#capacity} are in it. Sinks do not keep up with sources, or the channel is too small`,
      {
        where: `channel ${this.name}`,
        hint: `raise ${bytes ? 'byteCapacity' : 'capacity'} of channel ${this.name}, or see why its sinks are slow`,
      },
    );
  }
}

function slotsOf(events: readonly PlainEvent[]): number {
  let slots = 0;
  for (const { body } of events) slots += Math.max(1, Math.ceil(body.length / SLOT_BYTES));
  return slots;
}

/** The memory channel. */
export const memory: ChannelType = defineComponent({
  type: 'memory',
  aliases: ['org.apache.flume.channel.MemoryChannel'],
  doc: 'keeps events in memory, up to a number of events and of bytes',
  delivery: 'Events are lost when the process ends, and those that are in it at a stop too.',
  differences: [
    'The default of byteCapacity is 80 % of the heap limit of Node.',
    'A take does not wait for an event: sinks wait outside of transactions.',
  ],
  fields,
  check(values, complain) {
    if (values.transactionCapacity > values.capacity) {
      complain(
        'transactionCapacity',
        `is ${values.transactionCapacity}, expected at most the capacity, ${values.capacity}`,
      );
    }
  },
  limits: ({ transactionCapacity }) => ({ transactionCapacity, durable: false }),
  create: (values, context: ChannelContext): Channel => new MemoryChannel(values, context),
  adapt: (channel, values) => {
    if (channel instanceof MemoryChannel) channel.adapt(values);
  },
});
