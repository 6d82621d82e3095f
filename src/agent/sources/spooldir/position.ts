/**
 * How far the file that is being read has got: a small log, one JSON line per commit, appended and synced, so that a
 * restart goes on where the channel's last commit ended. A torn last line is ignored: then some events come again.
 */
import fs from 'node:fs/promises';
import path from 'node:path';

const NAME = '.streamjob-position.log';

/** The file that is meant: another file that comes under the same name starts at 0. */
export interface PositionTarget {
  readonly file: string;
  readonly inode: number;
  readonly mtimeMs: number;
}

/** The log. */
export class PositionLog {
  readonly #path: string;
  #log: fs.FileHandle | undefined;

  /** @param directory the tracker directory */
  constructor(directory: string) {
    this.#path = path.join(directory, NAME);
  }

  /** Begins with `target`. @returns the offset to begin at, in bytes */
  async begin(target: PositionTarget): Promise<number> {
    const offset = await this.#known(target);
    await this.#log?.close();
    this.#log = await fs.open(this.#path, 'w');
    await this.#log.appendFile(`${JSON.stringify({ ...target, offset })}\n`);
    await this.#log.datasync();
    return offset;
  }

  /** The channel has everything before `offset`. */
  async commit(offset: number): Promise<void> {
    await this.#log?.appendFile(`${JSON.stringify({ offset })}\n`);
    await this.#log?.datasync();
  }

  /** The file is done or left. */
  async end(): Promise<void> {
    await this.close();
    await fs.rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  async #known(target: PositionTarget): Promise<number> {
    let text: string;
    try {
      text = await fs.readFile(this.#path, 'utf8');
    } catch {
      return 0;
    }
    const records = text.split('\n').slice(0, -1).map(parse);
    const first = records[0];
    // A copy of a directory has other inodes, a touched file another time; both at once is another file.
    const same =
      first?.['file'] === target.file && (first['inode'] === target.inode || first['mtimeMs'] === target.mtimeMs);
    const offset = same ? records.findLast((record) => typeof record?.['offset'] === 'number')?.['offset'] : undefined;
    return typeof offset === 'number' ? offset : 0;
  }
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
