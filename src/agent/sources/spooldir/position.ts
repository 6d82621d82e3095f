/**
 * How far the file that is being read has got: a small log, one JSON line per commit, appended and synced, so that a
 * restart goes on where the channel's last commit ended. A torn last line is ignored: then some events come again.
 *
 * A position counts only for the file that it was noted of. Neither name, inode nor time alone tell that: a name is used
 * again, an inode too (by `cp` over a file, or as soon as a removed file's inode is free), and a time can be copied. So
 * the log keeps size and time of the file and a digest of all bytes before the offset, and reading goes on at the offset
 * only when all three are as they were. Anything else is read from its start: events may come twice, none is lost.
 */

import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FileProgress } from '../../../core/agent-inspection.ts';
import { fs } from '../../../core/machine.ts';
import type { Candidate } from './scan.ts';

const NAME = '.streamjob-position.log';
const READ_BYTES = 1024 * 1024;
/** The log is begun anew when it is larger, in bytes: a large file has many commits. */
const LARGEST_LOG = 64 * 1024;

/** How far a file was delivered: `digest` is the SHA-256 of its bytes before `offset`, in hexadecimal digits. */
export interface Progress {
  readonly offset: number;
  readonly digest: string;
  /** How many events of what begins at `offset` were delivered, where that is the start of several; undefined: none. */
  readonly delivered?: number;
}

/** What a log has of a file. */
export interface LastPosition extends Progress {
  /** Its path. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  /** The type of what read it. */
  readonly deserializer: string;
}

/** Where to begin in a file. */
export interface Start {
  readonly offset: number;
  /** The hash of the bytes before `offset`, to go on with. */
  readonly hash: Hash;
  /** As of Progress. */
  readonly delivered: number;
  /** Why a position that was noted under the file's name does not count; undefined when there was none, or it does. */
  readonly mismatch: string | undefined;
}

/** The log. */
export class PositionLog {
  readonly #path: string;
  #log: FileHandle | undefined;
  #bytes = 0;
  /** What tells the file, at the begin of the log. */
  #head: object = {};
  #progress: FileProgress | undefined;

  /** @param directory the tracker directory */
  constructor(directory: string) {
    this.#path = path.join(directory, NAME);
  }

  /**
   * Begins with a file, whose position is to be committed before it is read. @param file the candidate, opened
   * @param deserializer the type of what reads it: places in a file are its own
   * @returns where to go on in it
   * @throws system errors of the file
   */
  async begin(candidate: Candidate, file: FileHandle, deserializer: string): Promise<Start> {
    const start = await this.#start(candidate, file, deserializer);
    const { path: name, size, mtimeMs } = candidate;
    await this.close();
    this.#head = { file: name, size, mtimeMs, deserializer };
    this.#progress = { file: name, position: start.offset, size };
    return start;
  }

  /**
   * The channel has everything before `progress.offset`.
   * @throws system errors of the log; it has the position before then, and the call can be made again
   */
  async commit(progress: Progress): Promise<void> {
    try {
      if (this.#log === undefined || this.#bytes > LARGEST_LOG) await this.#beginLog(progress);
      else await this.#append(progress);
      if (this.#progress !== undefined) this.#progress = { ...this.#progress, position: progress.offset };
    } catch (error) {
      // What is behind half a line would not be read: the next try begins a log.
      await this.close();
      throw error;
    }
  }

  /** What the log of a former run has; undefined when there is none, or it is of no use. */
  async last(): Promise<LastPosition | undefined> {
    const records = await this.#records();
    const progress = records.findLast((record) => typeof record?.['offset'] === 'number');
    // Logs of earlier versions do not name the deserializer.
    const { file, size, mtimeMs, deserializer = 'LINE' } = records[0] ?? {};
    const { offset, digest, delivered } = progress ?? {};
    if (typeof file !== 'string' || typeof size !== 'number' || typeof mtimeMs !== 'number') return undefined;
    if (typeof offset !== 'number' || typeof digest !== 'string') return undefined;
    const several = typeof delivered === 'number' ? { delivered } : {};
    return { file, size, mtimeMs, deserializer: String(deserializer), offset, digest, ...several };
  }

  /** The file that is read now, and how far the channel has it; undefined: none is. */
  get progress(): FileProgress | undefined {
    return this.#progress;
  }

  /** The file is done or left. */
  async end(): Promise<void> {
    this.#progress = undefined;
    await this.close();
    await fs.rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    // What counts of it was synced.
    await log?.close().catch(() => {});
  }

  async #append(record: object): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    this.#bytes += line.length;
    await this.#log?.appendFile(line);
    await this.#log?.datasync();
  }

  /** A new log takes the place of the old one at once, so that a kill finds one of them whole. */
  async #beginLog(progress: Progress): Promise<void> {
    await this.close();
    this.#bytes = 0;
    const fresh = `${this.#path}.new`;
    // Somebody may have removed the tracker directory.
    await fs.mkdir(path.dirname(fresh), { recursive: true });
    this.#log = await fs.open(fresh, 'w');
    await this.#append({ ...this.#head, ...progress });
    await fs.rename(fresh, this.#path);
  }

  async #start(candidate: Candidate, file: FileHandle, deserializer: string): Promise<Start> {
    const fresh = (mismatch?: string): Start => ({ offset: 0, hash: createHash('sha256'), delivered: 0, mismatch });
    const last = await this.last();
    if (last?.file !== candidate.path || last.offset === 0) return fresh();
    if (last.deserializer !== deserializer)
      return fresh(`its deserializer was ${last.deserializer}, not ${deserializer}`);
    if (last.size !== candidate.size) return fresh(`it has ${candidate.size} bytes, not ${last.size}`);
    if (last.mtimeMs !== candidate.mtimeMs) return fresh('it was changed at another time');
    const hash = await hashOf(file, last.offset);
    if (hash === undefined || digestOf(hash) !== last.digest) return fresh('its content is another');
    return { offset: last.offset, hash, delivered: last.delivered ?? 0, mismatch: undefined };
  }

  async #records(): Promise<(Readonly<Record<string, unknown>> | undefined)[]> {
    try {
      return (await fs.readFile(this.#path, 'utf8')).split('\n').slice(0, -1).map(parse);
    } catch {
      return [];
    }
  }
}

/** The digest of what a hash was given up to now; the hash can be given more. */
export function digestOf(hash: Hash): string {
  return hash.copy().digest('hex');
}

/** The hash of the first `length` bytes; undefined when the file has fewer. */
export async function hashOf(file: FileHandle, length: number): Promise<Hash | undefined> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(Math.min(length, READ_BYTES));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, length - at), at);
    if (bytesRead === 0) return undefined;
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
