/** lmdb's file, read page by page, and which of its two first pages says how it is. */
import { fsSync } from '../../../../core/machine.ts';
import { FORMAT, MAGIC, type Meta, readMeta, Wrong } from './layout.ts';

const META_BYTES = 256;
/** What pages are long where no page says it. */
const USUAL_PAGE = 4096;

/** A file that is open to read. */
export class PageFile {
  readonly #descriptor: number;
  readonly bytes: number;

  /** @throws errors of the system */
  constructor(file: string) {
    this.#descriptor = fsSync.openSync(file, 'r');
    this.bytes = fsSync.fstatSync(this.#descriptor).size;
  }

  /** A part of the file; shorter when the file ends before. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, this.readInto(bytes, offset));
  }

  /** @returns how many bytes were read */
  readInto(bytes: Buffer, offset: number): number {
    let filled = 0;
    while (filled < bytes.length) {
      const count = fsSync.readSync(this.#descriptor, bytes, filled, bytes.length - filled, offset + filled);
      if (count === 0) break;
      filled += count;
    }
    return filled;
  }

  close(): void {
    fsSync.closeSync(this.#descriptor);
  }
}

/** Where a tree is read from. */
export interface Begin {
  /** The page that lmdb would take; undefined: it cannot be read. */
  readonly newest: Meta | undefined;
  /** The other one, which says how the file was one commit before. */
  readonly before: Meta | undefined;
  /** What is wrong with them. */
  readonly faults: readonly string[];
}

/** Whether a file is one of lmdb's of the version whose layout is known; of another one lmdb says so itself. */
export function hasKnownLayout(file: PageFile): boolean {
  const bytes = file.read(24, 8);
  return bytes.length === 8 && bytes.readUInt32LE(0) === MAGIC && bytes.readUInt32LE(4) === FORMAT;
}

/**
 * Reads the first two pages. Commit N is written to page N mod 2, and the other one is of commit N - 1: what is not so was changed by
 * somebody else, and lmdb might take the old state for the new one.
 */
export function readBegin(file: PageFile): Begin {
  const first = readMeta(file.read(0, META_BYTES), 0);
  const pageSize = first instanceof Wrong ? USUAL_PAGE : first.pageSize;
  const second = readMeta(file.read(pageSize, META_BYTES), 1);
  const faults = [first, second].flatMap((meta, page) => (meta instanceof Wrong ? [`page ${page}: ${meta.what}`] : []));
  const metas = [first, second].map((meta) => (meta instanceof Wrong ? undefined : meta));
  for (const [page, meta] of metas.entries()) {
    if (meta === undefined) continue;
    const isPossible = meta.transaction === 0 || meta.transaction % 2 === page;
    if (!isPossible) faults.push(`page ${page}: it says that it is of commit ${meta.transaction}`);
    if (!isPossible || !isWithin(meta, file.bytes)) metas[page] = undefined;
    if (isPossible && metas[page] === undefined) faults.push(`page ${page}: the file is shorter than it says`);
  }
  const [newest, before] = metas.toSorted((a, b) => (b?.transaction ?? -1) - (a?.transaction ?? -1));
  if (newest !== undefined && before !== undefined && newest.transaction - before.transaction > 1)
    faults.push(`pages 0 and 1: commits ${before.transaction} and ${newest.transaction} do not follow each other`);
  // With one of the two unreadable nobody knows which was the newer.
  return { newest, before: newest === before ? undefined : before, faults };
}

function isWithin(meta: Meta, bytes: number): boolean {
  const isPage = ({ root }: Meta['free']): boolean => root === undefined || (root >= 2 && root <= meta.lastPage);
  return (
    meta.lastPage >= 1 && (meta.lastPage + 1) * meta.pageSize <= bytes && isPage(meta.free) && isPage(meta.records)
  );
}
