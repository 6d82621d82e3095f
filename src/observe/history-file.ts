/** Keeps the history of a job's batches over restarts: a line for each batch that is over. */
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { BatchRecord } from './batch-record.ts';
import { isBatchOver } from './history-lines.ts';
import { LineFile } from './line-file.ts';

const MOST_BYTES = 4 * 1024 * 1024;
/** A batch with more tasks is kept without them. */
const MOST_SPANS_CHARACTERS = 16 * 1024;

/** The file of one job. */
export class HistoryFile {
  readonly #lines: LineFile<BatchRecord>;

  /** @param file in a directory that need not exist yet */
  constructor(file: string, clock: Clock, log: Logger) {
    this.#lines = new LineFile({ file, mostBytes: MOST_BYTES, what: 'the history of batches', parse, clock, log });
  }

  /** What former runs have left, oldest first. @param most how many batches */
  load(most: number): Promise<BatchRecord[]> {
    return this.#lines.load(most);
  }

  /** Takes a batch that is over. */
  add(record: BatchRecord): void {
    const isLong = JSON.stringify(record.spans).length > MOST_SPANS_CHARACTERS;
    this.#lines.add(isLong ? { ...record, spans: withoutTasks(record) } : record);
  }

  /** Resolves when all that was taken is written, or could not be. */
  close(): Promise<void> {
    return this.#lines.close();
  }
}

function withoutTasks({ spans }: BatchRecord): BatchRecord['spans'] {
  return spans.slice(0, 100).map(({ gave: _, ...span }) => ({ ...span, parts: [] }));
}

/** @returns undefined for what is no batch that is over */
function parse(value: unknown): BatchRecord | undefined {
  return isBatchOver(value) ? value : undefined;
}
