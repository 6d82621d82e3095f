/**
 * A version of the states of one partition: what they were when a batch had changed them. It is never changed: the next batch writes a file
 * with the pages that it has changed, and a directory of all pages, of which most lie in the files of earlier versions. Whoever knows a
 * version can go on from it, so that a task that is run twice begins where the first one began, and only the version that the batch
 * commits counts. Plain data: it goes from driver to executor and back.
 *
 * A file: the pages, one behind the other, then the directory (VersionDirectory, as Node serialises it).
 */

/** A file with pages of a version. */
export interface VersionFile {
  /** Its name in the directory of the storage. */
  readonly name: string;
  readonly bytes: number;
}

/** A version. */
export interface StateVersion {
  /** Those that hold its pages; the last one has its directory. */
  readonly files: readonly VersionFile[];
  /** Where the directory begins in the last file, in bytes; it goes to the file's end. */
  readonly directoryAt: number;
  /** CRC32C of the directory. */
  readonly crc: number;
  readonly keys: number;
}

/** Where the pages of a bucket lie, page by page. */
export interface BucketPlaces {
  readonly bucket: number;
  /** Which of the version's files. */
  readonly files: Uint32Array;
  /** In bytes. */
  readonly offsets: Float64Array;
}

/** Whether a version is written anew, into one file: when more than half of what its files hold is in no page any more. */
export function isScattered(files: readonly VersionFile[], liveBytes: number): boolean {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return files.length > MOST_FILES || bytes > 2 * liveBytes + SMALL_BYTES;
}

/** Each is opened by whoever reads a page of it. */
const MOST_FILES = 64;
/** Less is not worth the work. */
const SMALL_BYTES = 256 * 1024;
