/** Which storage a place is of. */
import { type Files, nodeFiles } from '../files.ts';
import { ofProcess } from '../machine.ts';
import type { Copies } from './copies.ts';
import { directoryStorage } from './directory.ts';
import { isInS3 } from './places.ts';
import type { Storage } from './port.ts';
import { s3BlockFiles, s3Files } from './s3/files.ts';
import { S3Storage } from './s3/storage.ts';

const far = ofProcess(() => ({ storage: new S3Storage(undefined) }));

/** Which storage a place is of. @param place absolute */
export function storageOf(place: string): Storage {
  return isInS3(place) ? far().storage : directoryStorage;
}

/** From now on copies are kept of what is read from afar. */
export function keepCopies(copies: Copies): void {
  far().storage = new S3Storage(copies);
}

/** The files of a place, for who writes them as if they were of this machine. */
export function filesOf(place: string): Files {
  return isInS3(place) ? s3Files : nodeFiles;
}

/** The files of a place, for who writes blocks. Each group of them is an object of its own where files cannot be appended to. */
export function blockFilesOf(place: string): { readonly files: Files; readonly segmentBytes: number } {
  return isInS3(place)
    ? { files: s3BlockFiles, segmentBytes: 1 }
    : { files: nodeFiles, segmentBytes: BLOCK_FILE_BYTES };
}

const BLOCK_FILE_BYTES = 64 * 1024 * 1024;
