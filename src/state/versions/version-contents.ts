/**
 * Contents of version files, read once by a process that lives from task to task: a file is never changed after it was written, so that what was
 * read of it stays true. Small files are read whole, since a batch touches pages all over them; of large ones only the pages.
 */
import { StreamjobError } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import { ofProcess } from '../../core/machine.ts';
import { absolutePlace, placeIn } from '../../core/storage/places.ts';
import type { ReadHints } from '../../core/storage/port.ts';
import { storageOf } from '../../core/storage/storages.ts';
import type { StateVersion } from './version.ts';

/** Files up to this size are read whole, in bytes. */
const MOST_WHOLE_BYTES = 16 * 1024 * 1024;
/** Contents of so many bytes are kept at most; the file that was used longest ago goes first. */
const MOST_KEPT_BYTES = 256 * 1024 * 1024;

/** By path, those used last at the end. */
const contents = ofProcess(() => ({ files: new Map<string, Buffer>(), bytes: 0 }));

/** A part of a file. @param size of the file, in bytes @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
export function readVersionFile(file: string, size: number, offset: number, length: number): Buffer {
  if (size > MOST_WHOLE_BYTES) return readVersionPart(file, offset, length, { fileBytes: size });
  const kept = contents();
  let whole = kept.files.get(file);
  if (whole === undefined) {
    whole = readVersionPart(file, 0, size, { fileBytes: size });
    keepVersionFile(file, whole);
  }
  // A copy: arrays that are deserialised of it may be views of it, and whoever has them may change them.
  return Buffer.from(whole.subarray(offset, offset + length));
}

/** Keeps what was written, for who reads it next. */
export function keepVersionFile(file: string, whole: Buffer): void {
  if (whole.length > MOST_WHOLE_BYTES) return;
  const kept = contents();
  kept.files.set(file, whole);
  kept.bytes += whole.length;
  for (const [oldest, { length }] of kept.files) {
    if (kept.bytes <= MOST_KEPT_BYTES) return;
    kept.files.delete(oldest);
    kept.bytes -= length;
  }
}

/** The contents of a file are used, if they are kept: others go before them. */
export function touchVersionFile(file: string): void {
  const { files } = contents();
  const whole = files.get(file);
  if (whole === undefined) return;
  files.delete(file);
  files.set(file, whole);
}

/**
 * A version is going to be opened: its files are brought, at the same time, where each would take its time.
 * @throws StreamjobError FILE_ACCESS
 */
export async function bringVersion(directory: string, version: StateVersion | undefined): Promise<void> {
  const storage = storageOf(directory);
  if (!storage.isFar || version === undefined) return;
  const kept = contents();
  const files = version.files
    .map(({ bytes, name }) => ({ bytes, file: placeIn(directory, name) }))
    .filter(({ file }) => !kept.files.has(file));
  if (await storage.bring(files)) return;
  for (const { bytes, file } of files) {
    if (bytes > MOST_WHOLE_BYTES) continue;
    const whole = await storage.read(file, 0, bytes).catch((error: unknown) => {
      // Whoever finds out that it is gone has to know which one it was.
      throw fileError(error, 'cannot read states', file);
    });
    if (whole.length === bytes) keepVersionFile(file, whole);
  }
}

/** What was read of a file is not what was written. @returns whether it was a copy: the file itself can be read now */
export function distrustVersionFile(file: string): boolean {
  const kept = contents();
  const whole = kept.files.get(file);
  if (whole !== undefined) {
    kept.files.delete(file);
    kept.bytes -= whole.length;
  }
  return storageOf(file).distrust(file);
}

/** Forgets all: files may have been lost, or changed by somebody else. */
export function forgetVersionFiles(): void {
  const kept = contents();
  kept.files.clear();
  kept.bytes = 0;
}

function readVersionPart(file: string, offset: number, length: number, hints: ReadHints): Buffer {
  let bytes: Buffer;
  try {
    bytes = storageOf(file).readSync(file, offset, length, hints);
  } catch (error) {
    throw fileError(error, 'cannot read states', file);
  }
  if (bytes.length === length) return bytes;
  throw damagedVersion(absolutePlace(file), `it ends before byte ${offset + length}`);
}

/** A file is not what was written. */
export function damagedVersion(file: string, why: string): StreamjobError {
  return new StreamjobError('STORAGE_DAMAGED', `a file of states is damaged: ${why}`, {
    where: file,
    hint: 'with a checkpoint directory the states are put back from it',
  });
}
