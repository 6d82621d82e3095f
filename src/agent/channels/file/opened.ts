/** A store in a directory that belongs to one channel alone, from its opening to its end. */
import { StreamjobError } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { type DirectoryLock, lockDirectory } from '../../../durable/lock.ts';
import { Damaged } from './damaged.ts';
import { makeDirectory } from './directory.ts';
import type { Keys } from './keys/keys.ts';
import { StoreReader } from './reader.ts';
import { EventStore } from './store.ts';

/** Flume's floor of minimumRequiredSpace. */
const LEAST_SPACE = 1024 * 1024;

/** What a channel is to its store. */
export interface StoreOwner {
  /** For messages, e.g. `channel c1`. */
  readonly owner: string;
  readonly log: Logger;
  readonly keys: Keys;
  /** Is told how many events are not in the store any more because they were damaged. */
  readonly lost: (events: number) => void;
}

/** An open store with its lock, and what reads it. */
export class OpenedStore {
  readonly store: EventStore;
  readonly reader: StoreReader;
  readonly #owner: string;
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  readonly #damaged: Damaged;

  private constructor(store: EventStore, lock: DirectoryLock, directory: string, owner: string, damaged: Damaged) {
    this.store = store;
    this.reader = new StoreReader(store);
    this.#lock = lock;
    this.#directory = directory;
    this.#owner = owner;
    this.#damaged = damaged;
  }

  /**
   * Makes the directory where it is missing, locks it and opens its store.
   * @throws StreamjobError CHANNEL_LOCKED, CHANNEL_CORRUPT, CHANNEL_FULL, FILE_ACCESS, CONFIG_INVALID, ENCRYPTION_KEY
   */
  static async open(directory: string, { keys, log, lost, owner }: StoreOwner): Promise<OpenedStore> {
    await makeDirectory(directory, owner);
    const lock = await lockDirectory(directory, owner, {
      code: 'CHANNEL_LOCKED',
      message: `${owner} cannot use ${directory}: another channel or process uses it`,
      hint: 'stop the other process, or give each file channel a dataDirs of its own',
    });
    try {
      const damaged = new Damaged({ owner, directory, log, left: lost, remove: (records) => store.remove(records) });
      const store = await EventStore.open(directory, owner, { keys, damaged: (record) => damaged.found(record) });
      return new OpenedStore(store, lock, directory, owner, damaged);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /**
   * Only puts need room on the disk. Flume refuses takes and rollbacks too, so that a full disk can never drain.
   * @param minimum free bytes that a put needs, by minimumRequiredSpace
   * @throws StreamjobError CHANNEL_FULL, FILE_ACCESS
   */
  async requireSpace(minimum: number): Promise<void> {
    const { freeBytes, fault } = await this.store.disk();
    if (fault !== undefined) throw fault;
    const required = Math.max(LEAST_SPACE, minimum);
    if (freeBytes >= required || freeBytes + this.store.reusableBytes >= required) return;
    throw new StreamjobError(
      'CHANNEL_FULL',
      `${this.#owner}: usable space exhausted, only ${freeBytes} bytes remaining on the disk of ${this.#directory}, required ${required} bytes`,
      { where: this.#directory, hint: 'free space on the disk, or lower minimumRequiredSpace' },
    );
  }

  /** Closes the store and leaves the directory to the next owner. */
  async close(): Promise<void> {
    await this.#damaged.settled();
    await this.store.close();
    await this.#lock.release();
  }
}
