/** Brings the events of one file after the other to the channel, and notes how far each is. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../../core/errors.ts';
import { breathe, deliver } from '../source.ts';
import type { OpenDeserializer } from './deserializer.ts';
import { digestOf, type PositionLog, type Progress } from './position.ts';
import { type TryingAgain, untilDone } from './room.ts';
import type { Candidate } from './scan.ts';

/** What makes events of files. */
export interface OneDeserializer {
  /** Its name in a flume.conf. */
  readonly type: string;
  readonly open: OpenDeserializer;
}

/** What it needs. */
export interface FileEventsParts {
  /** Waits for channels and for room on the disk. */
  readonly again: TryingAgain;
  readonly position: PositionLog;
  /** Where the position is, for people. */
  readonly trackerDir: string;
  readonly deserializer: OneDeserializer;
  /** Events of a transaction. */
  readonly batchSize: number;
  /** The headers of the events of a file, by its path. */
  readonly headers: (file: string) => Readonly<Record<string, string>>;
}

/** Reads files. */
export class FileEvents {
  readonly #parts: FileEventsParts;
  #warnedOfCut = false;

  constructor(parts: FileEventsParts) {
    this.#parts = parts;
  }

  /**
   * Delivers the events of a file that are not delivered yet.
   * @param file the candidate, opened; it stays the caller's to close
   * @returns whether it was read to its end; false: the source was stopped
   * @throws StreamjobError EVENT_UNREADABLE, system errors of the file
   */
  async deliver(candidate: Candidate, file: FileHandle): Promise<boolean> {
    const { again, position, batchSize, deserializer } = this.#parts;
    const { context, retry, signal } = again;
    const headers = this.#parts.headers(candidate.path);
    const start = await position.begin(candidate, file, deserializer.type);
    const { delivered, hash, mismatch, offset } = start;
    const from = { offset, digest: digestOf(hash), ...(delivered === 0 ? {} : { delivered }) };
    if (!(await this.#note(from))) return false;
    if (mismatch !== undefined) this.#tellMismatch(candidate, mismatch);
    const reader = await deserializer.open(file, start);
    for (let first = offset === 0; ; first = false) {
      const read = await reader.read(batchSize);
      if (read.length === 0) {
        // Flume makes one empty event of an empty file.
        return first ? await deliver([{ headers, body: Buffer.alloc(0) }], context, retry, signal) : true;
      }
      if (read.some(({ cut }) => cut === true)) this.#warnOfCut(candidate, reader.whenCut);
      if (signal.aborted) return false;
      const events = read.map(({ body, headers: own }) => ({ headers: own ? { ...own, ...headers } : headers, body }));
      if (!(await deliver(events, context, retry, signal))) return false;
      if (!(await this.#note(reader.progress))) return false;
      await breathe();
    }
  }

  /**
   * Notes how far the channel has the file. Nothing more is read before that, so that a kill repeats one transaction.
   * @returns false when the source was stopped before
   */
  async #note(progress: Progress): Promise<boolean> {
    const { again, position, trackerDir } = this.#parts;
    return await untilDone(
      again,
      `the position cannot be noted in ${trackerDir}, and nothing is read until it is`,
      () => position.commit(progress),
      (error) => systemCodeOf(error) !== undefined,
    );
  }

  #tellMismatch({ path: file }: Candidate, reason: string): void {
    const { log, name, counters } = this.#parts.again.context;
    counters.GenericProcessingFail++;
    log.warn(
      { file, reason },
      `source ${name}: ${file} was read in part before, but is not as it was then: ${reason}. It is read from its start, so that events may come twice`,
    );
  }

  #warnOfCut(candidate: Candidate, whenCut: string | undefined): void {
    if (this.#warnedOfCut || whenCut === undefined) return;
    this.#warnedOfCut = true;
    const { log, name } = this.#parts.again.context;
    log.warn({ file: candidate.path }, `source ${name}: ${whenCut}`);
  }
}
