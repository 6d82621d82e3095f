/**
 * The file channel: events are on disk and synced before a commit resolves, and survive kill -9. A restart finds events
 * whose take had not committed at the head again and has never heard of puts that had not committed.
 * In memory it keeps numbers of returned events (bounded by open transactions) and a bounded read-ahead.
 */
import os from 'node:os';
import path from 'node:path';
import { StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { type DirectoryLock, lockDirectory } from '../../durable/lock.ts';
import { defineComponent } from '../component/component.ts';
import { gauge } from '../component/counters.ts';
import { bool, int, map, text, type Values } from '../component/fields.ts';
import type { Settings } from '../component/settings.ts';
import type { Channel, ChannelContext, ChannelType, Transaction } from './channel.ts';
import { directoryOf, makeDirectory } from './file/directory.ts';
import { bytesOf } from './file/record.ts';
import { EventStore } from './file/store.ts';
import { channelClosed, newTransaction, returnToHead, type Taken, type TransactionHost } from './transaction.ts';
import { Waiters } from './waiters.ts';

const MEANINGLESS = 'of no meaning here: the store needs no checkpoints and no log files';
const fields = {
  dataDirs: text({
    doc: 'directory of the events; of a comma separated list the first is used',
    default: path.join(os.homedir(), '.flume/file-channel/data'),
    shown: '~/.flume/file-channel/data',
  }),
  capacity: int({ unit: 'events', doc: 'most events in the channel', default: 1_000_000, min: 1 }),
  transactionCapacity: int({ unit: 'events', doc: 'most events in one transaction', default: 10_000, min: 1 }),
  'keep-alive': int({ unit: 's', doc: 'seconds that a commit waits for room', default: 3 }),
  minimumRequiredSpace: int({ unit: 'bytes', doc: 'free bytes of the disk that a put needs', default: 524_288_000 }),
  byteCapacity: int({ unit: 'bytes', doc: 'most bytes that the events take on disk; 0: no limit', default: 0 }),
  checkpointDir: text({ doc: MEANINGLESS }),
  useDualCheckpoints: bool({ doc: MEANINGLESS }),
  backupCheckpointDir: text({ doc: MEANINGLESS }),
  compressBackupCheckpoint: bool({ doc: MEANINGLESS }),
  checkpointInterval: int({ doc: MEANINGLESS }),
  checkpointOnClose: bool({ doc: MEANINGLESS }),
  maxFileSize: int({ doc: MEANINGLESS }),
  'use-log-replay-v1': bool({ doc: MEANINGLESS }),
  'use-fast-replay': bool({ doc: MEANINGLESS }),
  fsyncPerTransaction: bool({ doc: 'of no meaning here: every commit is synced' }),
  fsyncInterval: int({ doc: 'of no meaning here: every commit is synced' }),
  'encryption.*': map(text({ doc: 'a property of Flume' }), { doc: 'encryption at rest: not supported yet' }),
};

const WITHOUT_MEANING = Object.entries(fields)
  .filter(([, { doc }]) => doc.startsWith('of no meaning'))
  .map(([name]) => name);
/** Flume's floor of minimumRequiredSpace. */
const LEAST_SPACE = 1024 * 1024;

class FileChannel implements Channel, TransactionHost {
  readonly name: string;
  readonly transactionCapacity: number;
  readonly #context: ChannelContext;
  readonly #values: Values<typeof fields>;
  readonly #ignored: readonly string[];
  readonly #directory: string;
  readonly #room: Waiters;
  readonly #events: Waiters;
  readonly #empty: Waiters;
  #lock: DirectoryLock | undefined;
  #store: EventStore | undefined;
  #writes = new Set<Promise<unknown>>();
  #returned: { readonly seq: number }[] = [];
  #ahead: Taken[] = [];
  #aheadAt = 0;
  /** Where reading goes on, and before which number everything is synced. */
  #cursor = 0;
  #visible = 0;
  #used = 0;
  /** Bodies of puts that are on their way to the disk. */
  #bytesPending = 0;

  constructor(values: Values<typeof fields>, context: ChannelContext, settings: Settings) {
    this.name = context.name;
    this.transactionCapacity = values.transactionCapacity;
    this.#context = context;
    this.#values = values;
    this.#ignored = WITHOUT_MEANING.filter((name) => settings.has(name));
    this.#directory = directoryOf(values.dataDirs);
    this.#room = new Waiters(context.clock);
    this.#events = new Waiters(context.clock);
    this.#empty = new Waiters(context.clock);
    context.counters.ChannelCapacity = values.capacity;
    gauge(context.counters, 'ChannelSize', () => this.#used);
  }

  get size(): number {
    return this.#used;
  }

  async start(): Promise<void> {
    const { log } = this.#context;
    if (this.#ignored.length > 0) {
      log.info(
        { properties: this.#ignored },
        `channel ${this.name}: ignored, as it has no meaning here: ${this.#ignored.join(', ')}`,
      );
    }
    const owner = `channel ${this.name}`;
    await makeDirectory(this.#directory, owner);
    this.#lock = await lockDirectory(this.#directory, owner, {
      code: 'CHANNEL_LOCKED',
      message: `${owner} cannot use ${this.#directory}: another channel or process uses it`,
      hint: 'stop the other process, or give each file channel a dataDirs of its own',
    });
    try {
      this.#store = await EventStore.open(this.#directory, `channel ${this.name}`);
    } catch (error) {
      await this.#lock.release();
      throw error;
    }
    this.#used = this.#store.count;
    this.#cursor = 0;
    this.#visible = this.#store.next;
    if (this.#used > 0) log.info({ events: this.#used }, `channel ${this.name} has ${this.#used} events from before`);
  }

  async stop(): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    this.#store = undefined;
    for (const waiters of [this.#room, this.#events, this.#empty]) waiters.release();
    await Promise.allSettled(this.#writes);
    this.#returned = [];
    this.#ahead = [];
    this.#aheadAt = 0;
    await store.close();
    await this.#lock?.release();
  }

  transaction(): Transaction {
    return newTransaction(this);
  }

  available(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    if (this.#store === undefined) return Promise.resolve(false);
    return this.#events.wait(() => this.#mayHaveEvents(), timeoutMs, signal);
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    if (this.#store !== undefined) await this.#empty.wait(() => this.#used === 0, Number.POSITIVE_INFINITY, signal);
  }

  requireOpen(): void {
    this.#open();
  }

  takeNext(): Taken | undefined {
    this.#context.counters.EventTakeAttemptCount++;
    const returned = this.#returned.at(-1);
    if (returned !== undefined) {
      const [taken] = this.#open().read(returned.seq, returned.seq + 1);
      this.#returned.pop();
      return taken;
    }
    if (this.#aheadAt >= this.#ahead.length && !this.#readAhead()) return undefined;
    return this.#ahead[this.#aheadAt++];
  }

  async commit(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<void> {
    const store = this.#open();
    const { counters } = this.#context;
    counters.EventPutAttemptCount += puts.length;
    if (puts.length === 0 && takes.length === 0) return;
    const more = Math.max(0, puts.length - takes.length);
    if (puts.length > 0) await this.#requireSpace(store);
    const bytes = this.#values.byteCapacity > 0 ? bytesOf(puts) : 0;
    if (more > 0 || bytes > 0) await this.#reserve(more, bytes);
    this.#open();
    const write = store.write(puts, takes);
    this.#writes.add(write);
    try {
      this.#visible = Math.max(this.#visible, await write);
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
    if (this.#store === undefined) return;
    returnToHead(
      this.#returned,
      takes.map(({ seq }) => ({ seq })),
    );
    this.#events.wake();
  }

  #mayHaveEvents(): boolean {
    return this.#returned.length > 0 || this.#aheadAt < this.#ahead.length || this.#cursorHasEvents();
  }

  /** Numbers of failed writes are holes, so numbers alone do not tell. */
  #cursorHasEvents(): boolean {
    try {
      return this.#readAhead();
    } catch {
      // A damaged record: taking it tells the sink.
      return true;
    }
  }

  #readAhead(): boolean {
    if (this.#aheadAt < this.#ahead.length) return true;
    if (this.#cursor >= this.#visible) return false;
    this.#ahead = this.#open().read(this.#cursor, this.#visible);
    this.#aheadAt = 0;
    this.#cursor = (this.#ahead.at(-1)?.seq ?? this.#visible - 1) + 1;
    return this.#ahead.length > 0;
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
    if (this.#store === undefined) throw channelClosed(this.name);
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
    return limit === 0 || bytes === 0 || this.#open().bytes + this.#bytesPending + bytes <= limit;
  }

  #release(events: number): void {
    this.#used -= events;
    if (events > 0 && this.#store !== undefined) this.#room.wake();
    if (this.#used === 0) this.#empty.wake();
  }

  /** Only puts need room on the disk. Flume refuses takes and rollbacks too, so that a full disk can never drain. */
  async #requireSpace(store: EventStore): Promise<void> {
    const { freeBytes, fault } = await store.disk();
    if (fault !== undefined) throw fault;
    const required = Math.max(LEAST_SPACE, this.#values.minimumRequiredSpace);
    if (freeBytes >= required || freeBytes + store.reusableBytes >= required) return;
    throw new StreamjobError(
      'CHANNEL_FULL',
      `channel ${this.name}: usable space exhausted, only ${freeBytes} bytes remaining on the disk of ${this.#directory}, required ${required} bytes`,
      { where: this.#directory, hint: 'free space on the disk, or lower minimumRequiredSpace' },
    );
  }

  #open(): EventStore {
    if (this.#store === undefined) throw channelClosed(this.name);
    return this.#store;
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
    'Encryption is refused: `encryption.*` is an error.',
  ],
  fields,
  check({ capacity, transactionCapacity, 'encryption.*': encryption }, complain) {
    if (transactionCapacity > capacity)
      complain('transactionCapacity', `is ${transactionCapacity}, expected at most the capacity, ${capacity}`);
    // Events that somebody wants encrypted must not lie on the disk as they are.
    for (const name of encryption.keys())
      complain(`encryption.${name}`, 'is not supported yet: leave it out, or encrypt the file system');
  },
  limits: ({ transactionCapacity }) => ({ transactionCapacity, durable: true }),
  resources: ({ dataDirs }) => [{ kind: 'directory', path: directoryOf(dataDirs), property: 'dataDirs' }],
  create: (values, context: ChannelContext, { settings }): Channel => new FileChannel(values, context, settings),
});
