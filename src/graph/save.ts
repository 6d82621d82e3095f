/** Text and object files of an RDD: a directory with a part per partition, and _SUCCESS when all are there, as Hadoop has them. */

import { serialize } from 'node:v8';
import { crc32c } from '../core/crc32c.ts';
import { StreamjobError, systemCodeOf } from '../core/errors.ts';
import { type Files, fileError } from '../core/files.ts';
import type { Logger } from '../core/log.ts';
import { uuid } from '../core/machine.ts';
import { MANIFEST, SUCCESS } from '../core/output-marks.ts';
import { reached } from '../core/points.ts';
import { absolutePlace, directoryOf, isInS3, nameOf, placeIn } from '../core/storage/places.ts';
import { filesOf } from '../core/storage/storages.ts';
import type { OutputBatch } from './output-batch.ts';

/** What parts hold: a line for each value, or what Node's v8.serialize makes of it. */
export type PartForm = 'text' | 'object';

/** How the values of a part become bytes. */
type PartEncoder = (values: readonly unknown[]) => Buffer;

/** A part that is on disk. */
export interface SavedPart {
  /** In its directory. */
  readonly name: string;
  readonly bytes: number;
  readonly values: number;
  readonly crc32c: number;
}

/** Writes all parts into a directory that is there. @returns them, in their order */
export type WriteParts = (directory: string) => Promise<readonly SavedPart[]>;

/** One value per line, as a text. */
const textPart: PartEncoder = (values) => Buffer.from(values.map((value) => `${String(value)}\n`).join(''), 'utf8');

/** Each value in the form of Node's v8.serialize, behind its length in 4 bytes, big-endian. */
const objectPart: PartEncoder = (values) =>
  Buffer.concat(
    values.flatMap((value) => {
      const bytes = serialize(value);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );

/** The bytes of a part. */
export function partBytes(form: PartForm, values: readonly unknown[]): Buffer {
  return form === 'text' ? textPart(values) : objectPart(values);
}

/** The name of the part of a partition. */
export function partName(partition: number): string {
  return `part-${String(partition).padStart(5, '0')}`;
}

/** Writes the parts of partitions that are here. */
export function partsOf(partitions: readonly (readonly unknown[])[], form: PartForm, given?: Files): WriteParts {
  return async (directory) => {
    const files = given ?? filesOf(directory);
    const parts: SavedPart[] = [];
    for (const [i, values] of partitions.entries()) {
      const name = partName(i);
      const content = partBytes(form, values);
      await writeSynced(files, placeIn(directory, name), content);
      parts.push({ name, bytes: content.length, values: values.length, crc32c: crc32c(content) });
    }
    return parts;
  };
}

/** Whose data is written. */
export interface SavedBy {
  readonly batch: OutputBatch;
  readonly log: Logger;
}

/**
 * Writes the parts aside and gives them their name when they are all on disk: nobody sees a part of them, also after a crash.
 * What another batch has written is never replaced: the name then gets a number (`counts-6000-1`), and a line of the log says so. A
 * batch that is run again with the same contents finds its manifest, under whichever of these names, and leaves it as it is.
 *
 * @param place the directory's path by its number: 0 for the plain one
 * @throws StreamjobError FILE_ACCESS
 */
export async function saveBatch(
  place: (number: number) => string,
  writeParts: WriteParts,
  { batch, log }: SavedBy,
  given?: Files,
): Promise<void> {
  const plain = place(0);
  try {
    const files = given ?? filesOf(plain);
    for (let number = 0; ; number++) {
      const directory = named(place(number));
      const found = await look(files, directory, batch);
      // An attempt that was killed may have renamed it, and not come to sync its name.
      if (found === 'this batch') return await files.syncDirectory(directoryOf(directory));
      if (found === 'half of it') await files.remove(directory);
      if (found === 'something else') continue;
      if (number > 0) {
        log.warn(
          { directory, batch: batch.time },
          `${plain} is of another batch of the same time, or not of this job: it stays, and this batch is written to ${directory}`,
        );
      }
      return await writeDirectory(directory, writeParts, files, batch);
    }
  } catch (cause) {
    throw fileError(cause, `cannot write ${plain}`, plain);
  }
}

/**
 * Writes a directory that must not exist, as Hadoop has it; without a batch that could be run again.
 * @throws StreamjobError FILE_EXISTS, FILE_ACCESS
 */
export async function saveParts(directory: string, writeParts: WriteParts, given?: Files): Promise<void> {
  try {
    const place = named(directory);
    const files = given ?? filesOf(place);
    if (await exists(files, place)) throw isThere(place);
    await writeDirectory(place, writeParts, files);
  } catch (cause) {
    throw fileError(cause, `cannot write ${directory}`, directory);
  }
}

async function writeDirectory(
  directory: string,
  writeParts: WriteParts,
  files: Files,
  batch?: OutputBatch,
): Promise<void> {
  const parent = directoryOf(directory);
  const name = nameOf(directory);
  await files.makeDirectory(parent);
  await removeLeftBehind(files, parent, name);
  // An attempt that nobody waits for any more may still write to its own.
  const aside = placeIn(parent, `.${name}.${uuid()}.tmp`);
  await files.makeDirectory(aside);
  const parts = await writeParts(aside);
  if (batch !== undefined) {
    const manifest = JSON.stringify({ ...batch, parts }, undefined, 2);
    await writeSynced(files, placeIn(aside, MANIFEST), Buffer.from(`${manifest}\n`));
  }
  await writeSynced(files, placeIn(aside, SUCCESS), Buffer.alloc(0));
  await files.syncDirectory(aside);
  reached('before-rename');
  try {
    // Fails where something is under the name, unless it is an empty directory.
    await files.rename(aside, directory);
  } catch (error) {
    await files.remove(aside);
    throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCodeOf(error) ?? '') ? isThere(directory) : error;
  }
  await files.syncDirectory(parent);
  reached('after-rename');
}

/** As messages have it: a path may depend on the working directory. */
function named(place: string): string {
  return isInS3(place) ? absolutePlace(place) : place;
}

/** What attempts left aside that were killed. One that still writes fails, and is run again or has nobody who waits for it. */
async function removeLeftBehind(files: Files, parent: string, name: string): Promise<void> {
  for (const each of await files.list(parent, `.${name}.`)) {
    if (each.endsWith('.tmp')) await files.remove(placeIn(parent, each));
  }
}

function isThere(directory: string): StreamjobError {
  return new StreamjobError('FILE_EXISTS', `${directory} exists: what is there is not replaced`, {
    where: directory,
    hint: 'put the time of the batch into the path, or move away what is there',
  });
}

async function look(
  files: Files,
  directory: string,
  batch: OutputBatch,
): Promise<'nothing' | 'this batch' | 'half of it' | 'something else'> {
  const names = await namesIn(files, directory);
  if (names === undefined || names.length === 0) return 'nothing';
  if (!names.includes(MANIFEST)) return 'something else';
  const manifest = parsed(await files.read(placeIn(directory, MANIFEST)));
  const isThis = manifest.job === batch.job && manifest.output === batch.output && manifest.batch === batch.batch;
  if (!isThis) return 'something else';
  // Where nothing can be renamed a directory comes object by object.
  return isInS3(directory) && !names.includes(SUCCESS) ? 'half of it' : 'this batch';
}

/** The names in a directory; none of a file; undefined: there is nothing of that name. */
async function namesIn(files: Files, directory: string): Promise<readonly string[] | undefined> {
  try {
    return await files.list(directory);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') return [''];
    throw error;
  }
}

async function exists(files: Files, directory: string): Promise<boolean> {
  return ((await namesIn(files, directory)) ?? []).length > 0;
}

/** Damage makes it somebody else's. */
function parsed(bytes: Buffer): Partial<OutputBatch> {
  try {
    const manifest: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof manifest === 'object' && manifest !== null ? manifest : {};
  } catch {
    return {};
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
