/** A directory that is looked into again and again: its names are listed anew only when they may have changed. */
import type { BigIntStats } from 'node:fs';
import { systemCodeOf } from '../../../core/errors.ts';
import { fs, fsSync, ofProcess, wallMs } from '../../../core/machine.ts';

/**
 * File systems note times in steps of up to two seconds. What is changed within the step of a look may bear the same time as what was
 * seen by it: a time counts only once it is older than this, in ms.
 */
const STEP_MS = 2000;

/** Of file systems whose calls wait for no network (statfs(2)): ext2 to 4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS. */
const LOCAL_TYPES: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1,
]);

/** So many states are asked for in a row without waiting, before others have their turn. */
export const IN_A_ROW = 500;

/** The names in a directory at one time. */
export interface Listing {
  readonly names: readonly string[];
  /**
   * Names that can be asked for their state without waiting: no symbolic links, which may lead anywhere, on a local file system. A
   * thousand answers take 2.5 ms of CPU so, and 15 ms by Node's threads.
   */
  readonly quick: ReadonlySet<string>;
  /** Whether names that came or went since would have changed the directory's time. */
  readonly settled: boolean;
}

/** What of a file says whether it is the same and unchanged. */
export interface FileState {
  /** Of its device and inode: tells it from all other files that there are. */
  readonly key: string;
  readonly inode: bigint;
  /** In bytes. */
  readonly size: number;
  readonly mtimeNs: bigint;
  /** Changes with every write, and cannot be set. */
  readonly ctimeNs: bigint;
  /** When it was made, in ns; 0 where that is not known. Tells it from files that had its inode before. */
  readonly bornNs: bigint;
  /** Whether a write since would have changed its times. */
  readonly settled: boolean;
}

/** A directory. */
export class Directory {
  readonly path: string;
  readonly #cache: boolean;
  #last: { readonly listing: Listing; readonly stats: BigIntStats } | undefined;

  /** @param cache whether it is listed anew only when its time has changed */
  constructor(path: string, cache: boolean) {
    this.path = path;
    this.#cache = cache;
  }

  /** The names in it: the same object as long as nothing has changed. @throws system errors */
  async list(): Promise<Listing> {
    const stats = await fs.stat(this.path, { bigint: true });
    // A directory that has files was changed since it was made: it tells whether its file system knows when that was.
    bornNsOf(stats);
    const last = this.#last;
    if (this.#cache && last?.listing.settled === true && sameDirectory(last.stats, stats)) return last.listing;
    const settled = isSettled(stats);
    const { type } = await fs.statfs(this.path);
    const entries = await fs.readdir(this.path, { withFileTypes: true });
    const names = entries.map(({ name }) => name);
    const quick = LOCAL_TYPES.has(type) ? entries.filter((entry) => entry.isFile()).map(({ name }) => name) : [];
    this.#last = { listing: { names, quick: new Set(quick), settled }, stats };
    return this.#last.listing;
  }
}

/** Whether the times of what was looked at are old enough to tell the next change. */
function isSettled({ mtimeNs, ctimeNs }: BigIntStats): boolean {
  const newest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  return wallMs() - Number(newest / 1_000_000n) > STEP_MS;
}

function sameDirectory(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}

/** The devices whose file systems are known to say when a file was made. */
const tellingDevices = ofProcess(() => new Set<bigint>());

/**
 * When a file or directory was made, in ns; 0 where that is not known. Where a system does not know it Node gives the time of the last
 * change instead: the two differ only where it does know. From then on a file counts too that has not been changed since it was made.
 */
function bornNsOf({ dev, ctimeNs, birthtimeNs }: BigIntStats): bigint {
  const telling = tellingDevices();
  if (birthtimeNs > 0n && birthtimeNs !== ctimeNs) telling.add(dev);
  return telling.has(dev) ? birthtimeNs : 0n;
}

/** The state of a file; undefined when it is no regular file. */
export function fileState(stats: BigIntStats): FileState | undefined {
  if (!stats.isFile()) return undefined;
  const { dev, ino: inode, size, mtimeNs, ctimeNs } = stats;
  const bornNs = bornNsOf(stats);
  return { key: `${dev}:${inode}`, inode, size: Number(size), mtimeNs, ctimeNs, bornNs, settled: isSettled(stats) };
}

/** The state of the file of that path, behind symbolic links; undefined when there is none. @throws system errors */
export async function stateAt(file: string): Promise<FileState | undefined> {
  try {
    return fileState(await fs.stat(file, { bigint: true }));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** As `stateAt`, at once. @throws system errors */
export function stateNow(file: string): FileState | undefined {
  const stats = fsSync.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : fileState(stats);
}

/** Whether the file of a path, which is on a local file system, is one as it was. */
export function stillAs(file: string, before: FileState): boolean {
  try {
    const now = stateNow(file);
    return now !== undefined && now.key === before.key && sameState(now, before);
  } catch {
    // What is wrong with it, the look that follows finds out.
    return false;
  }
}

/** Whether two files with one inode were made at the same time, and so are one; undefined where that is not known. */
export function sameBirth(one: bigint | undefined, other: bigint): boolean | undefined {
  return one === undefined || one <= 0n || other <= 0n ? undefined : one === other;
}

/** Whether nothing was written to a file between two looks. */
export function sameState(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
