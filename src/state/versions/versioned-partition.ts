/** The states of one partition: opened as a version has them, changed by one batch, and left as the next version. */

import type { StateSpecification } from '../../graph/state/form.ts';
import { pageFormat } from '../durable-state.ts';
import { PagedStateStore } from '../paged.ts';
import { PLAIN_STATE } from '../store.ts';
import type { StateVersion } from './version.ts';
import { VersionPages } from './version-pages.ts';

/** Where versions lie, and which one is opened. */
export interface VersionPlace {
  /** The directory of the storage. */
  readonly directory: string;
  /** Undefined: one without keys. */
  readonly version: StateVersion | undefined;
  /** Time of the last batch that changed the states and committed, in ms since the epoch. */
  readonly lastCommitted: number | undefined;
  /** Gives the next version's file a name that nobody else has. */
  readonly newName: () => string;
}

/** Keys that were read last, kept in memory beside those that change. */
const CACHED_KEYS = 1024;

/** Pages that a batch reads are written anew when it has changed them: of some tens of megabytes they need not be decoded twice. */
const RECENT_PAGES = 20_000;

/** The states of one partition. */
export class VersionedPartition {
  readonly store: PagedStateStore<unknown, unknown>;
  readonly #pages: VersionPages;

  /** @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
  constructor(
    { operator, form, codec = PLAIN_STATE }: StateSpecification,
    { directory, lastCommitted, newName, version }: VersionPlace,
  ) {
    const { pages, table } = VersionPages.open(directory, version, newName);
    this.#pages = pages;
    const warn = (error: Error): never => {
      throw error;
    };
    const place = {
      states: { cachedKeys: CACHED_KEYS, recentPages: RECENT_PAGES, format: pageFormat, warn },
      pages: () => pages,
      isLost: false,
      reset: async () => {},
    };
    this.store = new PagedStateStore(place, operator, form, codec);
    this.store.adopt(table, lastCommitted);
  }

  /** Writes what has changed and is committed. @returns the next version @throws StreamjobError FILE_ACCESS */
  finish(): StateVersion {
    return this.#pages.finish(this.store.directory);
  }

  /** The name of the file that is written to; undefined: none is yet. */
  get writing(): string | undefined {
    return this.#pages.writing;
  }

  close(): void {
    this.#pages.close();
  }
}
