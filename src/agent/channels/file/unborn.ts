/**
 * Looks at the database file before lmdb opens it: where its first page is not lmdb's, lmdb ends the whole process (a segmentation fault).
 * A file that never came to hold anything is removed. lmdb syncs both of its meta pages with the first commit: where a power cut has left
 * less than these, or a first page that was not written, nothing was ever committed, and nobody was told of an event.
 */
import path from 'node:path';
import { systemCodeOf } from '../../../core/errors.ts';
import { fs } from '../../../core/machine.ts';
import { DATA } from './disk.ts';

/** The least size of a page, in bytes. */
const PAGE = 4096;
/** Where lmdb's mark lies in a meta page (MDB_MAGIC, lmdb's mdb.c), behind the page's header; little-endian. */
const MARK = { at: 24, bytes: 0xbeefc0de };

/**
 * Removes the database file where it never came to hold anything.
 * @throws Error "not an LMDB file" where lmdb must not open it; what reading and removing it throw
 */
export async function removeUnborn(directory: string): Promise<void> {
  const file = path.join(directory, DATA);
  const handle = await fs.open(file, 'r').catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  let size: number;
  const page = Buffer.alloc(PAGE);
  try {
    size = (await handle.stat()).size;
    await handle.read(page, 0, PAGE, 0);
  } finally {
    await handle.close();
  }
  if (size === 0) return;
  if (size >= 2 * PAGE && page.readUInt32LE(MARK.at) === MARK.bytes) return;
  const isUnborn = size < 2 * PAGE || page.subarray(MARK.at + 4).every((byte) => byte === 0);
  if (!isUnborn) throw new Error(`${file} is not an LMDB file`);
  await fs.rm(file);
}
