/**
 * What is asked of the storage of a cluster: files that are written once, whole or not at all, and that nobody changes then. It is a directory
 * that all see, or S3. Places are absolute. What blocks the thread is for code that cannot wait otherwise: tasks on executors.
 */

/** A file that is written piece by piece, by a process that reads from it meanwhile. Nobody else sees it before it is whole. */
export interface Draft {
  /** @param at where the bytes belong: at the end of what there is */
  append(bytes: Uint8Array, at: number): void;
  /** A part of what was appended; shorter where it ends before. */
  read(offset: number, length: number): Buffer;
  /** It is whole. @param content all that was appended */
  finish(content: Buffer): void;
  /** It is of no use to anybody. It never throws. */
  drop(): void;
}

/** How a part of a file is read. */
export interface ReadHints {
  /** Of the whole file, in bytes, where other parts of it will be read, too: a storage that is far away brings it as a whole. */
  readonly fileBytes?: number;
}

/** The storage of a cluster. Errors of files that are not there have the code ENOENT. */
export interface Storage {
  /** Whether each request takes its time, so that what is needed is better asked for ahead, and at the same time. */
  readonly isFar: boolean;
  write(file: string, parts: readonly Uint8Array[]): Promise<void>;
  /** Blocks the thread. */
  writeSync(file: string, parts: readonly Uint8Array[]): void;
  /** Blocks the thread, if only for moments. @throws when the file exists, where that is known */
  draft(file: string): Draft;
  /** A part of a file; shorter where the file ends before. */
  read(file: string, offset: number, length: number): Promise<Buffer>;
  /** Blocks the thread. */
  readSync(file: string, offset: number, length: number, hints?: ReadHints): Buffer;
  /**
   * Whole files are going to be read: a storage that is far away may bring them, at the same time.
   * @returns whether it did @throws StreamjobError FILE_ACCESS, with the file that is meant
   */
  bring(files: readonly FileSize[]): Promise<boolean>;
  /** What was read of a file is not what was written: if that was a copy, the next read goes to the storage. @returns whether it was */
  distrust(file: string, part?: Part): boolean;
  /** Names of the files in a directory, without those in directories below it; none of a directory that is not there. */
  list(directory: string): Promise<string[]>;
  /** Names of directories in a directory. */
  directories(directory: string): Promise<string[]>;
  /** Removes files, where they are there. */
  remove(directory: string, names: readonly string[]): Promise<void>;
  /** Removes a directory with all that is in it. */
  removeAll(directory: string): Promise<void>;
  /** Makes a directory, which is there then, although it is empty. */
  makeDirectory(directory: string): Promise<void>;
  hasDirectory(directory: string): Promise<boolean>;
  /** Whether a file is there. */
  exists(file: string): Promise<boolean>;
}

/** A file, and how large it is, in bytes. */
export interface FileSize {
  readonly file: string;
  readonly bytes: number;
}

/** Of a file, in bytes. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}
