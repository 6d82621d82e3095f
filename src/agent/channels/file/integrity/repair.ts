/**
 * Makes a file anew of what is whole in a damaged one. It is written and synced beside it first, and takes its name then; the damaged
 * file stays under another name, and damaged events stay, with those that a validator refused, in a file of their own.
 */
import path from 'node:path';
import type { NumberedRecord } from '../../../../core/database.ts';
import { nodeFiles } from '../../../../core/files.ts';
import { fs } from '../../../../core/machine.ts';
import { DATA } from '../create.ts';
import { AsideFile, timeName } from '../damaged.ts';
import { PageFile } from '../pages/page-file.ts';
import { findRecords } from '../pages/tree.ts';
import { type DamagedRecord, EventStore } from '../store.ts';
import type { Inspection } from './inspect.ts';

/** The directory in which the new file is made. */
const ASIDE = 'repair';
/** One write has at most so much. */
const WRITE_EVENTS = 1000;
const WRITE_BYTES = 4 * 1024 * 1024;

/** What a repair has left. */
export interface Repaired {
  /** Events that are in the new file. */
  readonly kept: number;
  /** Events that were removed. */
  readonly removed: number;
  /** The damaged file as it was. */
  readonly backup: string;
  /** The file of the removed events, a line of JSON each; undefined: there were none. */
  readonly removedFile: string | undefined;
}

/**
 * Repairs the directory of an inspection, which the caller has locked ever since.
 * @throws StreamjobError CHANNEL_FULL, FILE_ACCESS; the directory is as it was then
 */
export async function repair({ damaged, directory, from, refused }: Inspection): Promise<Repaired | undefined> {
  if (from === undefined) return undefined;
  const bad = new Map<number, string>([
    ...damaged.map(({ event, what }) => [event, what] as const),
    ...refused.map((event) => [event, 'the validator refused it'] as const),
  ]);
  const aside = path.join(directory, ASIDE);
  const removed = new AsideFile(directory);
  await nodeFiles.remove(aside);
  await fs.mkdir(aside);
  const file = new PageFile(path.join(directory, DATA));
  let kept = 0;
  try {
    const store = await EventStore.open(aside, `the repair of ${directory}`);
    const copy = new Copy(store, removed);
    try {
      await findRecords(file, from, {
        record(key, _, whole) {
          const record = { key, value: Buffer.from(whole()) };
          const what = bad.get(key);
          if (what === undefined) copy.keep(record);
          else copy.remove({ ...record, what });
        },
        fault: () => {},
        turn: () => copy.turn(),
      });
      await copy.end();
      kept = store.count;
    } finally {
      await store.close();
    }
    const backup = await replace(directory, aside);
    return {
      kept,
      removed: bad.size,
      backup,
      removedFile: bad.size > 0 ? path.join(directory, removed.name) : undefined,
    };
  } catch (error) {
    // Nothing was removed, so there is nothing to keep.
    await nodeFiles.remove(path.join(directory, removed.name));
    throw error;
  } finally {
    file.close();
    await removed.close();
    await nodeFiles.remove(aside);
  }
}

/** The new file takes the name of the damaged one, which has a second name before: at no moment there is none. */
async function replace(directory: string, aside: string): Promise<string> {
  const backup = path.join(directory, `${DATA}.${timeName()}.bak`);
  await fs.link(path.join(directory, DATA), backup);
  await nodeFiles.syncDirectory(directory);
  const made = await fs.open(path.join(aside, DATA), 'r+');
  try {
    await made.sync();
  } finally {
    await made.close();
  }
  await nodeFiles.rename(path.join(aside, DATA), path.join(directory, DATA));
  // What lmdb noted of who reads the old file.
  await nodeFiles.remove(path.join(directory, 'lock.mdb'));
  await nodeFiles.syncDirectory(directory);
  return backup;
}

/** Records on their way, some of them at a time. */
class Copy {
  readonly #store: EventStore;
  readonly #removedFile: AsideFile;
  #kept: NumberedRecord[] = [];
  #removed: DamagedRecord[] = [];
  #bytes = 0;

  constructor(store: EventStore, removedFile: AsideFile) {
    this.#store = store;
    this.#removedFile = removedFile;
  }

  keep(record: NumberedRecord): void {
    this.#kept.push(record);
    this.#bytes += record.value.length;
  }

  remove(record: DamagedRecord): void {
    this.#removed.push(record);
    this.#bytes += record.value.length;
  }

  async turn(): Promise<void> {
    if (this.#kept.length + this.#removed.length >= WRITE_EVENTS || this.#bytes >= WRITE_BYTES) await this.end();
  }

  async end(): Promise<void> {
    const [kept, removed] = [this.#kept, this.#removed];
    this.#kept = [];
    this.#removed = [];
    this.#bytes = 0;
    if (removed.length > 0) await this.#removedFile.write(removed);
    if (kept.length > 0) await this.#store.copy(kept);
  }
}
