/**
 * The file channel: events are on disk and synced before a commit resolves, and survive kill -9. A restart finds events
 * whose take had not committed at the head again and has never heard of puts that had not committed.
 * In memory it keeps numbers of returned events (bounded by open transactions) and a bounded read-ahead.
 */
import type { ByteFill } from '../../core/agent-inspection.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { int, type Values } from '../component/fields.ts';
import type { Settings } from '../component/settings.ts';
import type { Channel, ChannelContext, ChannelType, Transaction } from './channel.ts';
import { directoryOf } from './file/directory.ts';
import { formatFields, placeFields, STORE_DIFFERENCES, tellIgnored } from './file/fields.ts';
import { checkEncryption, encryptionFields } from './file/keys/fields.ts';
import { type Keys, NO_KEYS } from './file/keys/keys.ts';
import { loadKeys } from './file/keys/load.ts';
import { OpenedStore } from './file/opened.ts';
import { bytesOf } from './file/record.ts';
import { channelClosed, newTransaction, type Taken, type TransactionHost } from './transaction.ts';
import { Waiters } from './waiters.ts';

const fields = {
  dataDirs: placeFields.dataDirs,
  capacity: int({
    unit: 'events',
    doc: 'most events in the channel',
    default: 1_000_000,
    min: 1,
    lenient: 'default',
  }),
  transactionCapacity: placeFields.transactionCapacity,
  'keep-alive': int({ unit: 's', doc: 'seconds that a commit waits for room', default: 3 }),
  minimumRequiredSpace: placeFields.minimumRequiredSpace,
  byteCapacity: int({ unit: 'bytes', doc: 'most bytes that the events take on disk; 0: no limit', default: 0 }),
  ...formatFields,
  ...encryptionFields,
};

class FileChannel implements Channel, TransactionHost {
  readonly name: string;
  readonly transactionCapacity: number;
  readonly #context: ChannelContext;
  readonly #values: Values<typeof fields>;
  readonly #settings: Settings;
  readonly #directory: string;
  readonly #room: Waiters;
  readonly #events: Waiters;
  readonly #empty: Waiters;
  #opened: OpenedStore | undefined;
  #keys: Keys = NO_KEYS;
  #writes = new Set<Promise<unknown>>();
  #used = 0;
  /** Bodies of puts that are on their way to the disk. */
  #bytesPending = 0;

  constructor(values: Values<typeof fields>, context: ChannelContext, settings: Settings) {
    this.name = context.name;
    this.transactionCapacity = values.transactionCapacity;
    this.#context = context;
    this.#values = values;
    this.#settings = settings;
    this.#directory = directoryOf(values.dataDirs);
    this.#room = new Waiters(context.clock);
    this.#events = new Waiters(context.clock);
    this.#empty = new Waiters(context.clock);
    context.counters.ChannelCapacity = values.capacity;
    context.counters.EventDamagedCount = 0;
    gauge(context.counters, 'ChannelSize', () => this.#used);
  }

  get size(): number {
    return this.#used;
  }

  get bytes(): ByteFill | undefined {
    const { byteCapacity } = this.#values;
    const held = this.#opened?.store.bytes;
    return held === undefined ? undefined : { held, capacity: byteCapacity > 0 ? byteCapacity : undefined };
  }

  async start(): Promise<void> {
    const { log } = this.#context;
    const owner = `channel ${this.name}`;
    tellIgnored(fields, this.#settings, this.#context);
    this.#keys = await loadKeys(this.#values, { owner, log });
    const lost = (events: number): void => this.#lost(events);
    this.#opened = await OpenedStore.open(this.#directory, { owner, log, keys: this.#keys, lost });
    this.#used = this.#opened.store.count;
    if (this.#used > 0) log.info({ events: this.#used }, `channel ${this.name} has ${this.#used} events from before`);
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return;
    this.#opened = undefined;
    for (const waiters of [this.#room, this.#events, this.#empty]) waiters.release();
    await Promise.allSettled(this.#writes);
    await opened.close();
  }

  transaction(): Transaction {
    return newTransaction(this);
  }

  available(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#opened === undefined) return Promise.resolve(false);
    return this.#events.wait(() => this.#open().reader.hasEvents, timeoutMs, signal);
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    if (this.#opened !== undefined) await this.#empty.wait(() => this.#used === 0, Number.POSITIVE_INFINITY, signal);
  }

  requireOpen(): void {
    this.#open();
  }

  takeNext(): Taken | undefined {
    this.#context.counters.EventTakeAttemptCount++;
    return this.#open().reader.take();
  }

  async commit(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void> {
    const opened = this.#open();
    const { reader, store } = opened;
    const { counters } = this.#context;
    counters.EventPutAttemptCount += puts.length;
    if (puts.length === 0 && takes.length === 0) return;
    const more = Math.max(0, puts.length - takes.length);
    if (puts.length > 0) await opened.requireSpace(this.#values.minimumRequiredSpace);
    const bytes = this.#values.byteCapacity > 0 ? bytesOf(puts, this.#keys) : 0;
    if (more > 0 || bytes > 0) await this.#reserve(more, bytes);
    this.#open();
    const write = store.write(puts, takes);
    this.#writes.add(write);
    try {
      reader.written(await write);
    } catch (error) {
      this.#release(more);
      throw error;
    } finally {
      this.#writes.delete(write);
      this.#bytesPending -= bytes;
    }
    counters.EventPutSuccessCount += puts.length;
    counters.EventTakeSuccessCount += takes.length;
    this.#release(Math.max(0, takes.length - puts.length));
    if (puts.length > 0) this.#events.wake();
  }

  restore(takes: readonly Taken[]): void {
    // After a stop the events are on disk still; the next start finds them.
    if (this.#opened === undefined) return;
    this.#opened.reader.restore(takes);
    this.#events.wake();
  }

  async #reserve(events: number, bytes: number): Promise<void> {
    const fits = (): boolean => this.#used + events <= this.#values.capacity;
    const take = (): boolean => {
      if (!fits() || !this.#hasBytes(bytes)) return false;
      this.#used += events;
      this.#bytesPending += bytes;
      return true;
    };
    const reserved = await this.#room.wait(take, this.#values['keep-alive'] * 1000);
    this.#open();
    if (reserved) return;
    throw new StreamjobError(
      'CHANNEL_FULL',
      fits()
        ? `channel ${this.name} has no room: its byteCapacity, ${this.#values.byteCapacity}, is reached`
        : `channel ${this.name} has no room for ${events} events: ${this.#used} of ${this.#values.capacity} are in it. Sinks do not keep up with sources, or the channel is too small`,
      {
        where: `channel ${this.name}`,
        hint: `raise ${fits() ? 'byteCapacity' : 'capacity'} of channel ${this.name}, or see why its sinks are slow`,
      },
    );
  }

  #hasBytes(bytes: number): boolean {
    const limit = this.#values.byteCapacity;
    return limit === 0 || bytes === 0 || this.#open().store.bytes + this.#bytesPending + bytes <= limit;
  }

  #lost(events: number): void {
    this.#context.counters.EventDamagedCount = (this.#context.counters.EventDamagedCount ?? 0) + events;
    this.#release(events);
  }

  #release(events: number): void {
    this.#used -= events;
    if (events > 0 && this.#opened !== undefined) this.#room.wake();
    if (this.#used === 0) this.#empty.wake();
  }

  #open(): OpenedStore {
    if (this.#opened === undefined) throw channelClosed(this.name);
    return this.#opened;
  }
}

/** The file channel. */
export const file: ChannelType = defineComponent({
  type: 'file',
  aliases: ['org.apache.flume.channel.file.FileChannel'],
  doc: 'keeps events on disk, synced at each commit; they survive a kill of the process',
  delivery:
    'Every commit is on disk before it is told; after a kill of the process events whose take had not committed are delivered again.',
  differences: [
    'Its format is its own: a directory of a real Flume cannot be taken over, nor the other way.',
    'Of several dataDirs the first is used; there are no checkpoints, and their properties are ignored with a line in the log.',
    ...STORE_DIFFERENCES,
  ],
  fields,
  check(values, complain) {
    const { capacity, transactionCapacity } = values;
    if (transactionCapacity > capacity)
      complain('transactionCapacity', `is ${transactionCapacity}, expected at most the capacity, ${capacity}`);
    checkEncryption(values, complain);
  },
  limits: ({ transactionCapacity }) => ({ transactionCapacity, durable: true }),
  resources: ({ dataDirs }) => [{ kind: 'directory', path: directoryOf(dataDirs), property: 'dataDirs' }],
  create: (values, context: ChannelContext, { settings }): Channel => new FileChannel(values, context, settings),
});
