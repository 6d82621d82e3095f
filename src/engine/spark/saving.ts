/**
 * Parts of an output's directory that executors write themselves, of data that lies in the storage. Each attempt at a part has a file of its
 * own; the driver gives the name of the part to the one that counts, so that a part is there once, however often Spark has tried it. In S3, where
 * nothing can be renamed and no file is half there, all attempts at a part put the same bytes under its name: they are of data that is written,
 * and the directory is one that only this attempt at the output knows of (graph/save.ts).
 */
import { crc32c } from '../../core/crc32c.ts';
import { fileError } from '../../core/files.ts';
import { fsSync, uuid } from '../../core/machine.ts';
import { isInS3, placeIn } from '../../core/storage/places.ts';
import { filesOf, storageOf } from '../../core/storage/storages.ts';
import { type Lineage, partitionsOf } from '../../graph/lineage.ts';
import { type PartForm, partBytes, partName, type SavedPart } from '../../graph/save.ts';
import { StoredChunk } from '../stored-chunk.ts';

/** What a task is to save. */
export interface SaveOrder {
  /** Of the parts. */
  readonly directory: string;
  readonly form: PartForm;
}

/** What a task has saved. */
export interface TriedPart extends SavedPart {
  readonly partition: number;
  /** The file's name until it counts. */
  readonly tried: string;
}

/** Whether a lineage is data that lies in the storage, and of such a size that it is worth a plan. */
export function isStored(lineage: Lineage<unknown>): boolean {
  const partitions = partitionsOf(lineage) ?? [];
  return partitions.some(({ chunks }) => Array.isArray(chunks) && chunks.some((chunk) => chunk instanceof StoredChunk));
}

/** Writes a part, synced. @throws StreamjobError FILE_ACCESS */
export function tryPart({ directory, form }: SaveOrder, partition: number, values: readonly unknown[]): TriedPart {
  const name = partName(partition);
  const tried = isInS3(directory) ? name : `.${name}.${uuid()}`;
  const file = placeIn(directory, tried);
  const content = partBytes(form, values);
  try {
    if (isInS3(directory)) storageOf(file).writeSync(file, [content]);
    else fsSync.writeFileSync(file, content, { flag: 'wx', flush: true });
  } catch (error) {
    throw fileError(error, 'cannot write a part', file);
  }
  return { partition, name, tried, bytes: content.length, values: values.length, crc32c: crc32c(content) };
}

/** Parts get their names; what other attempts have written goes. @throws StreamjobError FILE_ACCESS */
export async function nameParts(directory: string, tried: readonly TriedPart[]): Promise<SavedPart[]> {
  const sorted = [...tried].sort((a, b) => a.partition - b.partition);
  const files = filesOf(directory);
  try {
    for (const { name, tried: from } of sorted) {
      if (name !== from) await files.rename(placeIn(directory, from), placeIn(directory, name));
    }
    for (const left of await files.list(directory, '.part-')) await files.remove(placeIn(directory, left));
  } catch (error) {
    throw fileError(error, 'cannot name the parts', directory);
  }
  return sorted.map(({ bytes, crc32c: sum, name, values }) => ({ name, bytes, values, crc32c: sum }));
}
