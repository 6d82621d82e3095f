/** Brings the lines of one file after the other to the channel, and notes how far each is. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { breathe, deliver } from '../source.ts';
import { FileEncoding, type LineEncoding } from './encoding.ts';
import { type Line, LineReader } from './line-reader.ts';
import { digestOf, type PositionLog, type Progress } from './position.ts';
import { type TryingAgain, untilDone } from './room.ts';
import type { Candidate } from './scan.ts';

/** What it needs. */
export interface FileLinesParts {
  /** Waits for channels and for room on the disk. */
  readonly again: TryingAgain;
  readonly position: PositionLog;
  /** Where the position is, for people. */
  readonly trackerDir: string;
  readonly encoding: LineEncoding;
  /** Lines of a transaction. */
  readonly batchSize: number;
  /** The longest line, in characters. */
  readonly maxLineLength: number;
  /** The headers of the events of a file, by its path. */
  readonly headers: (file: string) => Readonly<Record<string, string>>;
}

/** Reads files. */
export class FileLines {
  readonly #parts: FileLinesParts;
  #warnedOfCut = false;

  constructor(parts: FileLinesParts) {
    this.#parts = parts;
  }

  /**
   * Delivers the lines of a file that are not delivered yet.
   * @param file the candidate, opened; it stays the caller's to close
   * @returns whether it was read to its end; false: the source was stopped
   * @throws StreamjobError EVENT_UNREADABLE, system errors of the file
   */
  async deliver(candidate: Candidate, file: FileHandle): Promise<boolean> {
    const { again, position, batchSize, maxLineLength } = this.#parts;
    const { context, retry, signal } = again;
    const headers = this.#parts.headers(candidate.path);
    const start = await position.begin(candidate, file);
    if (!(await this.#note({ offset: start.offset, digest: digestOf(start.hash) }))) return false;
    if (start.mismatch !== undefined) this.#tellMismatch(candidate, start.mismatch);
    const reader = new LineReader(file, await this.#encodingOf(file), maxLineLength, start);
    for (let first = start.offset === 0; ; first = false) {
      const lines = await reader.read(batchSize);
      if (lines.length === 0) {
        // Flume makes one empty event of an empty file.
        return first ? await deliver([{ headers, body: Buffer.alloc(0) }], context, retry, signal) : true;
      }
      if (lines.some((line) => line.cut)) this.#warnOfCut(candidate);
      if (signal.aborted) return false;
      if (!(await deliver(toEvents(lines, headers), context, retry, signal))) return false;
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

  async #encodingOf(file: FileHandle): Promise<FileEncoding> {
    const { encoding } = this.#parts;
    const mark = Buffer.alloc(encoding.charset.markBytes);
    const { bytesRead } = await file.read(mark, 0, mark.length, 0);
    return new FileEncoding(encoding, mark.subarray(0, bytesRead));
  }

  #tellMismatch({ path: file }: Candidate, reason: string): void {
    const { log, name, counters } = this.#parts.again.context;
    counters.GenericProcessingFail++;
    log.warn(
      { file, reason },
      `source ${name}: ${file} was read in part before, but is not as it was then: ${reason}. It is read from its start, so that events may come twice`,
    );
  }

  #warnOfCut(candidate: Candidate): void {
    if (this.#warnedOfCut) return;
    this.#warnedOfCut = true;
    const { again, maxLineLength } = this.#parts;
    const { log, name } = again.context;
    log.warn(
      { file: candidate.path },
      `source ${name}: lines longer than deserializer.maxLineLength (${maxLineLength}) are cut into several events`,
    );
  }
}

function toEvents(lines: readonly Line[], headers: Readonly<Record<string, string>>): PlainEvent[] {
  return lines.map(({ body }) => ({ headers, body }));
}
