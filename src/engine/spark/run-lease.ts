/**
 * What shows in a storage without locks that a run lives: an object that it writes anew from time to time. Another run takes one for killed whose
 * object has not changed for half an hour, as long as this one has looked at it again and again: by its own clock alone, which never goes back.
 * What the clocks of others say is not compared with anything. A look that fails shows that others may not have been able to write either: all
 * begins anew then.
 */
import { messageOf, systemCodeOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type EndTimer, every, monotonicMs } from '../../core/machine.ts';
import { placeIn } from '../../core/storage/places.ts';
import { storageOf } from '../../core/storage/storages.ts';

/** How often a run says that it lives, and how long it may say nothing, in ms. */
export interface LeaseTimes {
  readonly renewMs: number;
  readonly deadMs: number;
}

const USUAL: LeaseTimes = { renewMs: 60_000, deadMs: 30 * 60_000 };
const NAME = 'lease';
/** Longer than any number that it says. */
const MOST_BYTES = 64;

/** As it was when it was looked at, and since when, in ms. */
interface Looked {
  readonly said: string;
  readonly since: number;
}

/** That a run lives. */
export class RunLease {
  readonly #root: string;
  readonly #directory: string;
  readonly #log: Logger;
  readonly #times: LeaseTimes;
  readonly #others = new Map<string, Looked>();
  #renewals = 0;
  #timer: EndTimer = () => {};
  #turn: Promise<void> = Promise.resolve();

  private constructor(root: string, directory: string, log: Logger, times: LeaseTimes) {
    this.#root = root;
    this.#directory = directory;
    this.#log = log;
    this.#times = times;
  }

  /**
   * Says it for the first time.
   * @param root of all runs @param directory of this one
   * @throws Error what the storage throws: it cannot be used
   */
  static async take(root: string, directory: string, log: Logger, times: LeaseTimes = USUAL): Promise<RunLease> {
    const lease = new RunLease(root, directory, log, times);
    await lease.#renew();
    await lease.#look();
    lease.#timer = every(times.renewMs, () => lease.#next(), false);
    return lease;
  }

  async release(): Promise<void> {
    this.#timer();
    await this.#turn;
  }

  #next(): void {
    this.#turn = this.#turn.then(async () => {
      try {
        await this.#renew();
        await this.#look();
      } catch (error) {
        this.#others.clear();
        this.#log.warn({ err: error }, `the storage was not told that this run lives: ${messageOf(error)}`);
      }
    });
  }

  async #renew(): Promise<void> {
    await storageOf(this.#root).write(placeIn(this.#directory, NAME), [Buffer.from(`${this.#renewals++}\n`)]);
  }

  /** @throws Error what the storage throws */
  async #look(): Promise<void> {
    const storage = storageOf(this.#root);
    const now = monotonicMs();
    const found = new Set<string>();
    for (const name of await storage.directories(this.#root)) {
      const directory = placeIn(this.#root, name);
      if (!name.startsWith('run-') || directory === this.#directory) continue;
      found.add(directory);
      const said = await this.#saidBy(directory);
      const before = this.#others.get(directory);
      if (before?.said !== said) this.#others.set(directory, { said, since: now });
      else if (now - before.since > this.#times.deadMs) {
        this.#log.info({ directory }, `a run has ended without a word, what it left is removed: ${directory}`);
        await storage.removeAll(directory);
      }
    }
    for (const directory of this.#others.keys()) if (!found.has(directory)) this.#others.delete(directory);
  }

  async #saidBy(directory: string): Promise<string> {
    try {
      return (await storageOf(directory).read(placeIn(directory, NAME), 0, MOST_BYTES)).toString('latin1');
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return '';
      throw error;
    }
  }
}
