/** Text and object files of an RDD: a directory with a part per partition, and _SUCCESS when all are there, as Hadoop has them. */
import path from 'node:path';
import { serialize } from 'node:v8';
import { reached } from '../core/points.ts';
import { crc32c } from '../durable/crc32c.ts';
import { type Files, fileError, nodeFiles } from '../durable/files.ts';
import type { OutputBatch } from './node.ts';

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
 * Writes the parts aside and gives them their name when they are all on disk: nobody sees a part of them, also after a crash.
 * What was there under the name is replaced, unless its manifest says that it is of just this batch: then it stays, since a batch
 * that is run again after a crash has the same contents.
 *
 * @param batch what names the batch; without it the directory is written anew each time
 * @throws StreamjobError FILE_ACCESS
 */
export async function saveParts(
  directory: string,
  partitions: readonly (readonly unknown[])[],
  encode: PartEncoder,
  batch?: OutputBatch,
  files: Files = nodeFiles,
): Promise<void> {
  const parent = path.dirname(path.resolve(directory));
  const aside = path.join(parent, `.${path.basename(directory)}.tmp`);
  try {
    if (batch !== undefined && (await isSaved(files, directory, batch))) return;
    await files.makeDirectory(parent);
    await files.remove(aside);
    await files.makeDirectory(aside);
    const parts: { name: string; bytes: number; values: number; crc32c: number }[] = [];
    for (const [i, values] of partitions.entries()) {
      const name = `part-${String(i).padStart(5, '0')}`;
      const content = encode(values);
      await writeSynced(files, path.join(aside, name), content);
      parts.push({ name, bytes: content.length, values: values.length, crc32c: crc32c(content) });
    }
    if (batch !== undefined) {
      const manifest = JSON.stringify({ ...batch, parts }, undefined, 2);
      await writeSynced(files, path.join(aside, MANIFEST), Buffer.from(`${manifest}\n`));
    }
    await writeSynced(files, path.join(aside, '_SUCCESS'), Buffer.alloc(0));
    await files.syncDirectory(aside);
    reached('before-rename');
    await files.remove(directory);
    await files.rename(aside, directory);
    await files.syncDirectory(parent);
    reached('after-rename');
  } catch (cause) {
    throw fileError(cause, `cannot write ${directory}`, directory);
  }
}

/** Begins with a line, as Hadoop's own marks do, so that readers of the directory pass over it. */
const MANIFEST = '_MANIFEST.json';

async function isSaved(files: Files, directory: string, batch: OutputBatch): Promise<boolean> {
  try {
    const manifest: unknown = JSON.parse((await files.read(path.join(directory, MANIFEST))).toString('utf8'));
    if (typeof manifest !== 'object' || manifest === null) return false;
    const named = manifest as Partial<OutputBatch>;
    return named.job === batch.job && named.output === batch.output && named.batch === batch.batch;
  } catch {
    // There is none, or it is not one of ours: what is there is replaced, as it always was.
    return false;
  }
}

async function writeSynced(files: Files, file: string, bytes: Buffer): Promise<void> {
  const handle = await files.create(file);
  try {
    await handle.append([bytes]);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
