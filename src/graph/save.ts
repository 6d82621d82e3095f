/** Text and object files of an RDD: a directory with a part per partition, and _SUCCESS when all are there, as Hadoop has them. */
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { serialize } from 'node:v8';
import { messageOf, StreamjobError } from '../core/errors.ts';

/** How the values of a part become bytes. */
export type PartEncoder = (values: readonly unknown[]) => Buffer;

/** One value per line, as a text. */
export const textPart: PartEncoder = (values) =>
  Buffer.from(values.map((value) => `${String(value)}\n`).join(''), 'utf8');

/** Each value in the form of Node's v8.serialize, behind its length in 4 bytes, big-endian. */
export const objectPart: PartEncoder = (values) =>
  Buffer.concat(
    values.flatMap((value) => {
      const bytes = serialize(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );

/**
 * Writes the parts anew: a batch that is run again replaces what its first run left.
 * @throws StreamjobError FILE_ACCESS
 */
export async function saveParts(
  directory: string,
  partitions: readonly (readonly unknown[])[],
  encode: PartEncoder,
): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    for (const [i, values] of partitions.entries()) {
      await writeSynced(path.join(directory, `part-${String(i).padStart(5, '0')}`), encode(values));
    }
    await writeSynced(path.join(directory, '_SUCCESS'), Buffer.alloc(0));
  } catch (cause) {
    throw new StreamjobError('FILE_ACCESS', `cannot write ${directory}: ${messageOf(cause)}`, {
      where: directory,
      hint: 'check that the directory above it exists, may be written, and has room',
      cause,
    });
  }
}

async function writeSynced(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
