/**
 * The file of a database before lmdb opens it. lmdb begins a new file with two pages that it does not sync, and a process that opens a
 * file without them dies of SIGSEGV (lmdb 3.5.6): after a power cut at the wrong moment it would do so at each start. So a database is
 * made aside, synced, and gets its name then; and a file that does not begin as lmdb's do is refused before lmdb sees it.
 */
import path from 'node:path';
import type { OpenDatabase } from '../../../core/database.ts';
import { StreamjobError, systemCodeOf } from '../../../core/errors.ts';
import { nodeFiles } from '../../../core/files.ts';
import { fs, openDatabase } from '../../../core/machine.ts';

/** The file that lmdb keeps its data in. */
export const DATA = 'data.mdb';
/** The directory in which a new one is made. */
const ASIDE = 'new';
/** lmdb's magic number, and where it stands. */
const MAGIC = Buffer.of(0xde, 0xc0, 0xef, 0xbe);
const MAGIC_AT = 24;
/** Behind it: the version of lmdb's format that is known here. */
const FORMAT = Buffer.of(2, 0, 0, 0);
/** The least that a file of lmdb has, in bytes: its first two pages. */
const LEAST_BYTES = 2 * 4096;

/**
 * Sees to it that a directory has a file that lmdb can open, whose beginning is on disk.
 * @param native opens a database on this machine
 * @returns whether one was there whose format is known; lmdb refuses those of other versions by itself
 * @throws StreamjobError CHANNEL_CORRUPT when a file is there that is not lmdb's; errors of the system
 */
export async function requireDatabase(directory: string, native: OpenDatabase): Promise<boolean> {
  const file = path.join(directory, DATA);
  const bytes = await sizeOf(file);
  // An empty file holds no event; lmdb, too, takes it for a new one.
  if (bytes === 0) return makeDatabase(directory, native);
  const begins = await nodeFiles.readAt(file, MAGIC_AT, MAGIC.length + FORMAT.length);
  if (bytes >= LEAST_BYTES && begins.subarray(0, MAGIC.length).equals(MAGIC))
    return begins.subarray(MAGIC.length).equals(FORMAT);
  throw new StreamjobError('CHANNEL_CORRUPT', `${file} is damaged: it does not begin as a file of lmdb does`, {
    where: directory,
    hint: `restore the directory; or see what can be read with: streamjob tool fcintegrity -l ${directory}; or move it away to start with an empty channel`,
  });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return await nodeFiles.size(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** @returns false: none was there */
async function makeDatabase(directory: string, native: OpenDatabase): Promise<false> {
  const aside = path.join(directory, ASIDE);
  // One that was not finished may not be on disk, whatever a read of it says.
  await nodeFiles.remove(aside);
  await fs.mkdir(aside);
  await openDatabase(aside, native).close();
  const made = await fs.open(path.join(aside, DATA), 'r+');
  try {
    await made.sync();
  } finally {
    await made.close();
  }
  await nodeFiles.rename(path.join(aside, DATA), path.join(directory, DATA));
  await nodeFiles.syncDirectory(directory);
  await nodeFiles.remove(aside);
  return false;
}
