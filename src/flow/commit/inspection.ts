/** What a checkpoint directory holds, read without a job, without its lock and without a change: for `streamjob checkpoint`. */
import path from 'node:path';
import { fromBytes } from '../../avro/stored-values.ts';
import { StreamjobError, systemCodeOf } from '../../core/errors.ts';
import { fileError, nodeFiles } from '../../core/files.ts';
import { didYouMean } from '../../core/registry.ts';
import { readWhole } from '../../durable/checked-bytes.ts';
import { isLocked } from '../../durable/lock.ts';
import { readLog } from '../../durable/record-files.ts';
import { STATE_BUCKETS } from '../../graph/state/form.ts';
import { FIRST_VERSION, type StoredEntry } from '../../state/store.ts';
import type { KeptState } from './kept-state.ts';
import type { JournalRecord, LoggedBlock } from './records.ts';
import { Recovered } from './recovered.ts';

/** Received events on disk. */
export interface BlocksSummary {
  readonly blocks: number;
  readonly events: number;
  readonly bytes: number;
}

/** What it holds; times are ms since the epoch, sizes are in bytes. Plain data. */
export interface CheckpointSummary {
  readonly directory: string;
  /** `torn`: what a crash left behind the last whole record; the next start cuts it off. */
  readonly journal: { readonly segments: number; readonly bytes: number; readonly torn: number };
  /** Undefined: no batch has committed. */
  readonly batchIntervalMs: number | undefined;
  /** Of the last batch that committed or was cut. */
  readonly lastBatch: number | undefined;
  readonly states: readonly {
    readonly operator: string;
    readonly kind: string;
    readonly versions: readonly number[];
    readonly keys: number;
    readonly bytes: number;
  }[];
  readonly windows: readonly {
    readonly owners: readonly string[];
    readonly batches: number;
    readonly from: number;
    readonly to: number;
    readonly bytes: number;
  }[];
  readonly ids: readonly { readonly input: string; readonly ids: number }[];
  readonly positions: readonly { readonly input: string; readonly position: unknown }[];
  /** Received, acknowledged, and in no batch yet. */
  readonly waiting: BlocksSummary;
  /** Cut and not committed: the next start runs it again. */
  readonly pending: (BlocksSummary & { readonly time: number }) | undefined;
}

/** What a checkpoint directory holds, read without a job, without its lock and without a change. */
export class Inspection {
  readonly #directory: string;
  readonly #found: Recovered;
  readonly #journal: CheckpointSummary['journal'];

  private constructor(directory: string, found: Recovered, journal: CheckpointSummary['journal']) {
    this.#directory = directory;
    this.#found = found;
    this.#journal = journal;
  }

  /**
   * Reads a directory's journal, all of whose records are checked.
   * @throws StreamjobError FILE_NOT_FOUND, CHECKPOINT_LOCKED while a run uses it, LOG_CORRUPT, FILE_ACCESS
   */
  static async open(given: string): Promise<Inspection> {
    const directory = path.resolve(given);
    const found = new Recovered(new Map());
    try {
      if (await isLocked(directory)) {
        throw new StreamjobError('CHECKPOINT_LOCKED', `a run uses the checkpoint directory ${directory}`, {
          where: directory,
          hint: 'stop the run first, or look at a copy of the directory: what is read while it is written is no whole',
        });
      }
      const segments = await readLog(
        { files: nodeFiles, directory, name: 'journal', segmentBytes: 1 },
        (bytes, segment) => found.take(fromBytes(bytes) as JournalRecord, segment),
      );
      if (segments.length === 0) throw notFound(directory);
      found.finish();
      return new Inspection(directory, found, {
        segments: segments.length,
        bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
        torn: segments.reduce((sum, { torn }) => sum + torn, 0),
      });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw notFound(directory);
      throw fileError(error, 'cannot read the checkpoint', directory);
    }
  }

  summary(): CheckpointSummary {
    const { batchMs, lastTime, ids, pending, positions, waiting } = this.#found;
    const idCounts = new Map<string, number>();
    for (const { value } of ids.values())
      idCounts.set(value.input, (idCounts.get(value.input) ?? 0) + value.ids.length);
    return {
      directory: this.#directory,
      journal: this.#journal,
      batchIntervalMs: batchMs,
      lastBatch: lastTime,
      states: [...this.#found.kept.keys()].map((operator) => summaryOf(operator, this.#kept(operator))),
      windows: this.#windows(),
      ids: [...idCounts].map(([input, count]) => ({ input, ids: count })),
      positions: [...positions].map(([input, { value }]) => ({ input, position: value })),
      waiting: weigh([...waiting.values()].map(({ value }) => value)),
      pending: pending && { time: pending.time, ...weigh(pending.blocks) },
    };
  }

  /** Checks the received events, too. @throws StreamjobError LOG_CORRUPT, FILE_ACCESS */
  check(): void {
    const { pending, waiting } = this.#found;
    for (const { ref } of [...(pending?.blocks ?? []), ...[...waiting.values()].map(({ value }) => value)]) {
      const { file, ...rest } = ref;
      readWhole({ path: path.join(this.#directory, `blocks-${String(file).padStart(10, '0')}.avro`), ...rest });
    }
  }

  /** All keys of an operator. @throws StreamjobError CONFIG_UNKNOWN */
  states(operator: string): Generator<readonly [version: number, entry: StoredEntry]> {
    return this.#kept(operator).entries();
  }

  #kept(operator: string): KeptState {
    const state = this.#found.kept.get(operator);
    if (state !== undefined) return state;
    const names = [...this.#found.kept.keys()];
    const known = names.length === 0 ? 'it has no state at all' : `it has state of ${names.join(', ')}`;
    throw new StreamjobError('CONFIG_UNKNOWN', `the checkpoint has no state of ${operator}`, {
      where: this.#directory,
      hint: `${didYouMean(operator, names)}${known}`,
    });
  }

  #windows(): CheckpointSummary['windows'] {
    const windows = new Map<
      string,
      { owners: readonly string[]; batches: number; from: number; to: number; bytes: number }
    >();
    for (const { value } of this.#found.slices.values()) {
      const { owners, time, partitions } = value;
      const name = owners.join(', ');
      const window = windows.get(name) ?? { owners, batches: 0, from: time, to: time, bytes: 0 };
      window.batches++;
      window.from = Math.min(window.from, time);
      window.to = Math.max(window.to, time);
      for (const { length } of partitions) window.bytes += length;
      windows.set(name, window);
    }
    return [...windows.values()];
  }
}

function summaryOf(operator: string, state: KeptState): CheckpointSummary['states'][number] {
  let bytes = 0;
  if (state.size > 0) for (let i = 0; i < STATE_BUCKETS; i++) bytes += state.bucket(i).bytes.length;
  const versions = state.versions.length === 0 ? [FIRST_VERSION] : state.versions;
  return { operator, kind: state.form.kind, versions, keys: state.size, bytes };
}

function weigh(blocks: readonly LoggedBlock[]): BlocksSummary {
  const sum = { blocks: blocks.length, events: 0, bytes: 0 };
  for (const { ref } of blocks) {
    sum.events += ref.count;
    sum.bytes += ref.length;
  }
  return sum;
}

function notFound(directory: string): StreamjobError {
  return new StreamjobError('FILE_NOT_FOUND', `there is no checkpoint in ${directory}`, {
    where: directory,
    hint: 'give the checkpointDir of a job; without that option it is .streamjob/NAME in the directory where the job runs',
  });
}
