/**
 * The spillable memory channel: a bounded queue in memory, and what does not fit there is on disk, in the store of the file channel. Both
 * parts number their events from the store, so that the numbers are the order of the channel wherever an event lies: a take gives the lower
 * number of the two parts, and a stop writes what is in memory under its numbers, between what is on disk.
 */
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { text, type Values } from '../component/fields.ts';
import type { Settings } from '../component/settings.ts';
import type { Channel, ChannelContext, ChannelType, Transaction } from './channel.ts';
import { directoryOf } from './file/directory.ts';
import { formatFields, placeFields, STORE_DIFFERENCES, tellIgnored } from './file/fields.ts';
import { checkEncryption, encryptionFields } from './file/keys/fields.ts';
import { loadKeys } from './file/keys/load.ts';
import { OpenedStore } from './file/opened.ts';
import { memoryFields, transactionCapacityOf } from './spillable/fields.ts';
import { keepAll } from './spillable/keep.ts';
import { MemoryEvents, slotsOf } from './spillable/memory.ts';
import { type Place, Room, type TakenFrom } from './spillable/room.ts';
import { channelClosed, newTransaction, type Taken, type TransactionHost } from './transaction.ts';
import { Waiters } from './waiters.ts';

const fields = {
  ...memoryFields,
  ...placeFields,
  capacity: text({ doc: 'of no meaning here: overflowCapacity bounds what is on disk' }),
  'keep-alive': text({ doc: 'of no meaning here: overflowTimeout says how long a commit waits' }),
  ...formatFields,
  ...encryptionFields,
};

class SpillableMemoryChannel implements Channel, TransactionHost {
  readonly name: string;
  readonly transactionCapacity: number;
  readonly #context: ChannelContext;
  readonly #values: Values<typeof fields>;
  readonly #settings: Settings;
  readonly #memory: MemoryEvents;
  readonly #room: Room;
  readonly #events: Waiters;
  readonly #empty: Waiters;
  readonly #commits = new Set<Promise<void>>();
  #isStarted = false;
  #overflow: OpenedStore | undefined;
  /** Numbers of the events where there is no store. */
  #nextNumber = 1;

  constructor(values: Values<typeof fields>, context: ChannelContext, settings: Settings) {
    const { clock, counters, name } = context;
    this.name = name;
    this.transactionCapacity = transactionCapacityOf(values);
    this.#context = context;
    this.#values = values;
    this.#settings = settings;
    this.#memory = new MemoryEvents({
      events: values.memoryCapacity,
      slots: slotsOf(values.byteCapacity, values.byteCapacityBufferPercentage, values.avgEventSize),
      slotBytes: values.avgEventSize,
    });
    const bounds = {
      name,
      memoryCapacity: values.memoryCapacity,
      overflowCapacity: values.overflowCapacity,
      timeoutMs: values.overflowTimeout * 1000,
      calmShare: values.overflowDeactivationThreshold / 100,
    };
    this.#room = new Room(this.#memory, bounds, clock);
    this.#events = new Waiters(clock);
    this.#empty = new Waiters(clock);
    counters.EventDamagedCount = 0;
    counters.ChannelCapacity = values.memoryCapacity + values.overflowCapacity;
    gauge(counters, 'ChannelSize', () => this.size);
    gauge(counters, 'OverflowSize', () => this.#room.onDisk);
  }

  get size(): number {
    return this.#memory.used + this.#room.onDisk;
  }

  async start(): Promise<void> {
    tellIgnored(fields, this.#settings, this.#context);
    if (this.#values.overflowCapacity > 0) {
      const { log } = this.#context;
      const owner = `channel ${this.name}`;
      const keys = await loadKeys(this.#values, { owner, log });
      const lost = (events: number): void => this.#lost(events);
      this.#overflow = await OpenedStore.open(directoryOf(this.#values.dataDirs), { owner, log, keys, lost });
    }
    const before = this.#overflow?.store.count ?? 0;
    this.#room.start(before);
    this.#isStarted = true;
    if (before > 0) this.#context.log.info({ events: before }, `channel ${this.name} has ${before} events from before`);
  }

  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#room.release();
    for (const waiters of [this.#events, this.#empty]) waiters.release();
    await Promise.allSettled(this.#commits);
    const overflow = this.#overflow;
    this.#overflow = undefined;
    const events = this.#memory.all;
    // What nobody can take any more is not put back by a rollback that comes late.
    this.#memory.clear();
    if (overflow === undefined) this.#tellLost(events.length, 'it has no overflow');
    else await this.#keep(overflow, events);
  }

  transaction(): Transaction {
    return newTransaction(this);
  }

  available(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (!this.#isStarted) return Promise.resolve(false);
    const hasEvents = (): boolean => this.#memory.first !== undefined || this.#overflow?.reader.hasEvents === true;
    return this.#events.wait(hasEvents, timeoutMs, signal);
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    if (this.#isStarted) await this.#empty.wait(() => this.size === 0, Number.POSITIVE_INFINITY, signal);
  }

  requireOpen(): void {
    if (!this.#isStarted) throw channelClosed(this.name);
  }

  takeNext(): Taken | undefined {
    this.#context.counters.EventTakeAttemptCount++;
    const fromDisk = this.#overflow?.reader.take(this.#memory.first?.seq ?? Number.POSITIVE_INFINITY);
    return fromDisk ?? this.#memory.take();
  }

  async commit(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void> {
    const { counters } = this.#context;
    counters.EventPutAttemptCount += puts.length;
    if (puts.length === 0 && takes.length === 0) return;
    const taken = this.#whereFrom(takes);
    const place = puts.length > 0 ? await this.#placeOf(puts, taken) : undefined;
    this.requireOpen();
    const done = this.#commitTo(place, puts, taken);
    this.#commits.add(done);
    try {
      await done;
    } finally {
      this.#commits.delete(done);
    }
    counters.EventPutSuccessCount += puts.length;
    counters.EventTakeSuccessCount += takes.length;
  }

  restore(takes: readonly Taken[]): void {
    const taken = this.#whereFrom(takes);
    this.#memory.restore(taken.memory);
    // After a stop all of them are on disk; the next start finds them.
    this.#overflow?.reader.restore(taken.disk);
    this.#events.wake();
  }

  #whereFrom(takes: readonly Taken[]): TakenFrom {
    return {
      memory: takes.filter((taken) => this.#memory.has(taken)),
      disk: takes.filter((taken) => !this.#memory.has(taken)),
    };
  }

  #placeOf(puts: readonly PlainEvent[], taken: TakenFrom): Promise<Place> {
    return this.#room.place(
      puts,
      taken,
      async () => await this.#overflow?.requireSpace(this.#values.minimumRequiredSpace),
      () => this.requireOpen(),
    );
  }

  /** All or nothing: what can fail comes first, and nothing else happens when it does. */
  async #commitTo(place: Place | undefined, puts: readonly PlainEvent[], taken: TakenFrom): Promise<void> {
    const toDisk = place?.side === 'disk' ? puts : [];
    if (toDisk.length > 0 || taken.disk.length > 0) {
      try {
        await this.#write(toDisk, taken.disk);
      } catch (error) {
        if (toDisk.length > 0) this.#room.diskFailed();
        if (place !== undefined) this.#room.giveBack(place);
        throw error;
      }
      if (toDisk.length > 0) this.#room.overflowed();
    }
    if (place?.side === 'memory') this.#memory.add(puts, this.#numbersFor(puts.length));
    this.#memory.remove(taken.memory);
    this.#room.committed(puts, taken, place);
    if (puts.length > 0) this.#events.wake();
    if (this.size === 0) this.#empty.wake();
  }

  async #write(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void> {
    const overflow = this.#overflow;
    if (overflow === undefined) throw channelClosed(this.name);
    const written = await overflow.store.write(puts, takes);
    if (puts.length > 0) overflow.reader.written(written);
  }

  #lost(events: number): void {
    this.#context.counters.EventDamagedCount = (this.#context.counters.EventDamagedCount ?? 0) + events;
    this.#room.lost(events);
    if (this.size === 0) this.#empty.wake();
  }

  #numbersFor(count: number): number {
    if (this.#overflow !== undefined) return this.#overflow.store.claimNumbers(count);
    const first = this.#nextNumber;
    this.#nextNumber += count;
    return first;
  }

  async #keep(overflow: OpenedStore, events: readonly Taken[]): Promise<void> {
    const { kept, error } = await keepAll(overflow.store, events);
    if (kept > 0) {
      const message = `channel ${this.name}: ${kept} events were in memory and are on disk now`;
      this.#context.log.info({ events: kept }, message);
    }
    this.#tellLost(events.length - kept, `they could not be written to disk: ${messageOf(error)}`);
    await overflow.close();
  }

  #tellLost(events: number, why: string): void {
    if (events === 0) return;
    this.#context.log.warn(
      { events },
      `channel ${this.name} is in memory: stopped with ${events} events in it, which are lost; ${why}`,
    );
  }
}

/** The spillable memory channel. */
export const spillable: ChannelType = defineComponent({
  type: 'SPILLABLEMEMORY',
  aliases: ['org.apache.flume.channel.SpillableMemoryChannel'],
  doc: 'keeps events in memory, and on disk those for which memory has no room',
  delivery:
    'Events in memory are lost when the process is killed; those on disk are synced before a commit is told, and come first after a restart. A stop writes what is in memory to disk.',
  differences: [
    'At a stop the events in memory are written to disk, in their place in the order, whatever minimumRequiredSpace and overflowCapacity say; Flume loses them.',
    'A transaction can take from memory and from disk; in Flume it ends where the one follows the other.',
    'A transaction for which memory is too small goes to disk without waiting; one that finds both full waits overflowTimeout for either of them.',
    'transactionCapacity holds for what goes to memory too, and is never more than memoryCapacity and overflowCapacity together.',
    'memoryCapacity and overflowCapacity may not both be 0; Flume then takes the default for the overflow.',
    'The format on disk is that of the file channel here, not of Flume.',
    ...STORE_DIFFERENCES,
    'What is in memory is not encrypted; what is on disk is.',
    'The default of byteCapacity is 80 % of the heap limit of Node.',
  ],
  fields,
  check(values, complain) {
    const { memoryCapacity, overflowCapacity } = values;
    if (memoryCapacity === 0 && overflowCapacity === 0)
      complain(
        'overflowCapacity',
        'is 0, expected at least 1 where memoryCapacity is 0: the channel could hold nothing',
      );
    checkEncryption(values, complain);
  },
  limits: (values) => ({
    transactionCapacity: transactionCapacityOf(values),
    durable: values.memoryCapacity === 0,
  }),
  resources: ({ dataDirs, overflowCapacity }) =>
    overflowCapacity === 0 ? [] : [{ kind: 'directory', path: directoryOf(dataDirs), property: 'dataDirs' }],
  create: (values, context: ChannelContext, { settings }): Channel =>
    new SpillableMemoryChannel(values, context, settings),
});
