/** Where a job keeps its states while it runs: in memory, or in an embedded database in a directory of its own. */

import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import { pageFormat } from '../state/durable-state.ts';
import { LmdbEnvironment } from '../state/lmdb-environment.ts';
import { MemoryStateStore } from '../state/memory.ts';
import { PagedStateStore } from '../state/paged.ts';
import { type OpenStore, PLAIN_STATE } from '../state/store.ts';

/** What is known of the place before a state comes. */
export interface StatePlaceSettings {
  readonly kind: 'memory' | 'lmdb';
  /** With 'lmdb', how many keys of each operator are kept in memory. */
  readonly cachedKeys: number;
  /** With 'lmdb', the database's directory; undefined: `state` in the checkpoint directory. */
  readonly directory: string | undefined;
  /** Asked when the first state comes: until then the program may say where its checkpoint is. */
  readonly checkpointDir: () => string | false | undefined;
  /** Worker threads have databases of their own, beside this one. */
  readonly threads: number;
  readonly log: Logger;
}

/** Where a job keeps its states while it runs. */
export class StatePlace {
  /** Opens the store of a node's states. */
  readonly open: OpenStore;
  readonly #settings: StatePlaceSettings;
  readonly #environment: LmdbEnvironment | undefined;
  #directory: string | undefined;

  constructor(settings: StatePlaceSettings) {
    this.#settings = settings;
    const environment = settings.kind === 'lmdb' ? this.#openEnvironment() : undefined;
    this.#environment = environment;
    this.open = ({ operator, form, codec = PLAIN_STATE }) =>
      environment === undefined
        ? new MemoryStateStore(operator, form, codec)
        : new PagedStateStore(environment, operator, form, codec);
  }

  /** Of the database; undefined: states are in memory. */
  get directory(): string | undefined {
    return this.#environment === undefined ? undefined : this.#find();
  }

  /** Closes the database, and removes those of worker threads: they end without a chance to tidy up. */
  async close(): Promise<void> {
    await this.#environment?.close();
    const directory = this.#directory;
    if (directory === undefined) return;
    for (let i = 0; i < this.#settings.threads; i++)
      fsSync.rmSync(`${directory}-${i}`, { recursive: true, force: true });
  }

  #openEnvironment(): LmdbEnvironment {
    const { cachedKeys, log } = this.#settings;
    return new LmdbEnvironment({
      directory: () => this.#find(),
      cachedKeys,
      format: pageFormat,
      warn: (error) =>
        log.warn({ err: error }, `what a batch has committed is in memory until it can be written: ${error.message}`),
    });
  }

  #find(): string {
    const { checkpointDir, directory } = this.#settings;
    const checkpoint = checkpointDir();
    this.#directory ??=
      directory ??
      (checkpoint === undefined || checkpoint === false
        ? fsSync.mkdtempSync(path.join(tmpdir(), 'streamjob-state-'))
        : path.join(checkpoint, 'state'));
    return this.#directory;
  }
}
