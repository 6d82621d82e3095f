/**
 * Damaged records of a store: each is named in the log, its bytes are kept aside in a file of the directory, and then it is removed, so
 * that it is met once and the channel gets empty. Where that cannot be done the record stays, and the next start meets it again.
 */
import path from 'node:path';
import { messageOf } from '../../../core/errors.ts';
import { type AppendFile, nodeFiles } from '../../../core/files.ts';
import type { Logger } from '../../../core/log.ts';
import { wallMs } from '../../../core/machine.ts';
import type { DamagedRecord } from './store.ts';

/** So many are named in the log one by one, at each start; all are named in the file. */
const NAMED = 20;

/** What has damaged records. */
export interface DamagedOwner {
  /** For messages, e.g. `channel c1`. */
  readonly owner: string;
  readonly directory: string;
  readonly log: Logger;
  /** Removes records, synced. */
  readonly remove: (records: readonly DamagedRecord[]) => Promise<void>;
  /** So many events are not in the channel any more, whether they could be removed or not. */
  readonly left: (events: number) => void;
}

/** Puts damaged records aside. */
export class Damaged {
  readonly #owner: DamagedOwner;
  readonly #aside: AsideFile;
  #found: DamagedRecord[] = [];
  #count = 0;
  #working: Promise<void> = Promise.resolve();

  constructor(owner: DamagedOwner) {
    this.#owner = owner;
    this.#aside = new AsideFile(owner.directory);
  }

  /** To be told of each damaged record, once. */
  found(record: DamagedRecord): void {
    const { directory, log, owner } = this.#owner;
    if (++this.#count <= NAMED) {
      log.error(
        { directory, event: record.key, bytes: record.value.length, damage: record.what },
        `${owner}: event ${record.key} in ${directory} is damaged (${record.what}) and is left out; its bytes are put aside in a file ${this.#aside.name}`,
      );
    }
    this.#found.push(record);
    if (this.#found.length === 1) this.#working = this.#working.then(() => this.#putAside());
  }

  /** Resolves when all that were found are put aside. */
  async settled(): Promise<void> {
    await this.#working;
    await this.#aside.close();
  }

  async #putAside(): Promise<void> {
    const records = this.#found;
    this.#found = [];
    const { directory, left, log, owner, remove } = this.#owner;
    const named = Math.max(0, records.length - Math.max(0, this.#count - NAMED));
    if (records.length > named) {
      log.error(
        { directory, events: records.length - named },
        `${owner}: ${records.length - named} more events in ${directory} are damaged and are left out; ${this.#aside.name} names each`,
      );
    }
    try {
      await this.#aside.write(records);
      await remove(records);
    } catch (error) {
      log.error(
        { directory, events: records.map(({ key }) => key), cause: messageOf(error) },
        `${owner}: damaged events in ${directory} could not be put aside, the next start meets them again: ${messageOf(error)}`,
      );
    }
    left(records.length);
  }
}

/** A file of damaged records, a line of JSON each. It is made with the first of them. */
export class AsideFile {
  readonly #directory: string;
  readonly name: string;
  #file: AppendFile | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    this.name = `damaged-${timeName()}.jsonl`;
  }

  /** Resolves when they are on disk. @throws errors of the system */
  async write(records: readonly DamagedRecord[]): Promise<void> {
    if (this.#file === undefined) {
      this.#file = await nodeFiles.create(path.join(this.#directory, this.name));
      await nodeFiles.syncDirectory(this.#directory);
    }
    const lines = records.map(({ key, value, what }) =>
      Buffer.from(`${JSON.stringify({ event: key, damage: what, base64: Buffer.from(value).toString('base64') })}\n`),
    );
    await this.#file.append(lines);
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }
}

/** Now, as a part of the name of a file. */
export function timeName(): string {
  return new Date(wallMs()).toISOString().replace(/[:.]/g, '-');
}
