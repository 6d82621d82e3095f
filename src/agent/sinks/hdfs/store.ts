/** Where the hdfs sink keeps its files: a name node by WebHDFS, or this machine. */

/** A file that is being written, under its name while it is in use. */
export interface StoredFile {
  /** Bytes that are kept for sure. */
  readonly length: number;
  /**
   * Appends; when it resolves the bytes are kept. After an error the file is as it was, or else it is broken.
   * @throws StreamjobError CONNECT_FAILED, REQUEST_TIMEOUT, FILE_ACCESS
   */
  append(bytes: Buffer): Promise<void>;
  /** Whether nobody knows what is in it behind its length, so that nothing more may be appended. */
  readonly broken: boolean;
  /** Gives the file its own name; nobody appends to it any more. @throws StreamjobError as {@link StoredFile.append} */
  finish(target: string): Promise<void>;
  /** Lets go of it as it is. */
  abandon(): Promise<void>;
}

/** Files by their paths, which begin with a slash. */
export interface Store {
  /** A new file, with the directories above it; nothing may be there before the first append. */
  create(path: string): Promise<StoredFile>;
}
