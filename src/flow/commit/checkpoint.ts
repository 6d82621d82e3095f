/**
 * A checkpoint directory: what a run must not forget, as data, never as code. Invariants:
 * - What a batch changed is on disk before anything of it is acknowledged; a batch that is not on disk never was.
 * - The cost of a commit follows what changed: states are written as deltas. Whole buckets are written again, a few at each
 *   commit, only so that old segments of the journal can go: the journal stays within some three times what is remembered.
 * - One run uses a directory at a time.
 *
 * In the directory: `journal-*.log` (durable/record-log.ts, records as in records.ts), `blocks-*.avro` (block/block-log.ts) and
 * the lock.
 */

import type { EventBlock } from '../../avro/event-block.ts';
import type { StoredPlace } from '../../avro/stored-events.ts';
import { fromBytes, toBytes } from '../../avro/stored-values.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { type Files, fileError, nodeFiles } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { type DirectoryLock, lockDirectory } from '../../durable/lock.ts';
import { RecordLog } from '../../durable/record-log.ts';
import type { StateForm } from '../../graph/state/form.ts';
import type { RestorableState } from '../../state/store.ts';
import { BlockLog, type BlockRef, blockFileNumber } from '../block/block-log.ts';
import type { CommitDetails } from './commit-details.ts';
import {
  type JournalRecord,
  type LoggedBlock,
  NOT_CONTINUED,
  type StoredPosition,
  type StoredState,
} from './records.ts';
import { blockKey, Recovered, StateReader } from './recovered.ts';
import { checkpointSizes } from './sizes.ts';
import { formOf, Tidying, weigh } from './tidying.ts';

/** What a checkpoint is opened with. */
export interface CheckpointOptions {
  readonly directory: string;
  readonly files: Files;
  readonly log: Logger;
  /** The job's batch interval, in ms. */
  readonly batchMs: number;
  /** The forms of the states that the job keeps, by their names across restarts. */
  readonly forms: ReadonlyMap<string, StateForm>;
  /** How much received data may lie on disk, in bytes. Default: no limit. */
  readonly maxLogBytes?: number;
  /** Told how far reading is. */
  readonly telemetry?: Telemetry | undefined;
}

/** So many files of received data share the room for it, at least: a file goes only as a whole. */
const LEAST_FILES = 4;

/** A block of a batch that is cut: in the log already, or to be put there. */
export type CutBlock = { readonly input: string; readonly values: boolean } & (
  | { readonly ref: BlockRef }
  | { readonly block: EventBlock }
);

/** A checkpoint directory. */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #lock: DirectoryLock;
  readonly #journal: RecordLog;
  readonly #blocks: BlockLog;
  readonly #found: Recovered;
  readonly #tidying: Tidying;
  readonly #positionBytes = new Map<string, Buffer>();

  private constructor(
    options: CheckpointOptions,
    lock: DirectoryLock,
    journal: RecordLog,
    blocks: BlockLog,
    found: Recovered,
  ) {
    this.#options = options;
    this.#lock = lock;
    this.#journal = journal;
    this.#blocks = blocks;
    this.#found = found;
    this.#tidying = new Tidying(found, journal, {
      batchMs: options.batchMs,
      forms: options.forms,
      sizes: checkpointSizes(),
    });
  }

  /**
   * Opens a directory, and makes it when there is none. States are read later, by `restoreStates`.
   * @throws StreamjobError CHECKPOINT_LOCKED, CHECKPOINT_INCOMPATIBLE, LOG_CORRUPT, FILE_ACCESS
   */
  static async open(options: CheckpointOptions): Promise<Checkpoint> {
    const { directory, files, forms } = options;
    try {
      await files.makeDirectory(directory);
    } catch (error) {
      throw fileError(error, 'cannot make the checkpoint directory', directory);
    }
    const lock = await lockDirectory(directory, 'the checkpoint', {
      code: 'CHECKPOINT_LOCKED',
      message: `another run uses the checkpoint directory ${directory}`,
      hint: 'stop the other run, or give this one a checkpointDir (or a name) of its own',
    });
    try {
      const found = new Recovered(forms);
      const { blockFile, journalSegment } = checkpointSizes();
      const blockFileBytes = Math.min(blockFile, (options.maxLogBytes ?? Number.POSITIVE_INFINITY) / LEAST_FILES);
      const settings = {
        files,
        directory,
        name: 'journal',
        segmentBytes: journalSegment,
        telemetry: options.telemetry,
      };
      const journal = await RecordLog.open(settings, (bytes, segment) =>
        found.take(fromBytes(bytes) as JournalRecord, segment),
      );
      found.finish();
      if (journal.segments.length === 0) await beginJournal(options, journal);
      const live = [...found.waiting.values()].map(({ value }) => value.ref);
      live.push(...(found.pending?.blocks ?? []).map(({ ref }) => ref));
      const onLeftBehind = (error: StreamjobError): void => options.log.warn({ err: error }, error.message);
      const blocks = await BlockLog.open({ files, directory, segmentBytes: blockFileBytes, onLeftBehind }, live);
      return new Checkpoint(options, lock, journal, blocks, found);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** What the last run left. */
  get recovered(): Recovered {
    return this.#found;
  }

  /** Bytes of received data on disk. */
  get blockBytes(): number {
    return this.#blocks.bytes;
  }

  /**
   * Reads the states as they are after the last commit, for an engine that begins or that has lost them.
   * @param into takes a state, by its name; undefined: nobody has such a state
   * @throws StreamjobError LOG_CORRUPT, FILE_ACCESS, CHECKPOINT_INCOMPATIBLE, CHECKPOINT_VALUE
   */
  async restoreStates(into: (name: string) => RestorableState | undefined): Promise<void> {
    if (this.#found.lastRun.size === 0) return;
    const reader = new StateReader(into);
    await this.#journal.read((bytes) => reader.take(fromBytes(bytes) as JournalRecord));
    reader.finish();
  }

  /** Logs a received block. @returns where it lies, when it may be acknowledged @throws StreamjobError FILE_ACCESS */
  async logBlock(input: string, block: EventBlock, values: boolean): Promise<BlockRef> {
    const ref = await this.#blocks.append(block);
    try {
      const segment = await this.#append({ type: 'block', input, ref, values });
      this.#found.waiting.set(blockKey(ref), { value: { input, ref, values }, segment });
    } catch (error) {
      await this.#blocks.release([ref]);
      throw error;
    }
    return ref;
  }

  /** Where a block lies, for a thread that reads it itself; undefined: the file system is not the machine's. */
  placeOf(ref: BlockRef): StoredPlace | undefined {
    return this.#options.files === nodeFiles ? this.#blocks.placeOf(ref) : undefined;
  }

  /** @throws StreamjobError LOG_CORRUPT, FILE_ACCESS */
  read(ref: BlockRef): Promise<EventBlock> {
    return this.#blocks.read(ref);
  }

  /**
   * Logs that a batch was cut, before it runs. Blocks without a place in the log are logged too.
   * @returns the places of all blocks, in their order
   * @throws StreamjobError FILE_ACCESS
   */
  async logBatch(
    time: number,
    id: string,
    blocks: readonly CutBlock[],
    positions: readonly StoredPosition[],
  ): Promise<LoggedBlock[]> {
    const { lastTime } = this.#found;
    if (lastTime !== undefined && time <= lastTime) {
      throw new StreamjobError(
        'CONTEXT_STATE',
        `a batch of ${time} cannot be cut after one of ${lastTime}: times rise`,
      );
    }
    const added: BlockRef[] = [];
    const logging = blocks.map(async ({ input, values, ...place }): Promise<LoggedBlock> => {
      if ('ref' in place) return { input, values, ref: place.ref };
      const fresh = await this.#blocks.append(place.block);
      added.push(fresh);
      return { input, values, ref: fresh };
    });
    try {
      // Where one could not be written, those that were come back only when all are through.
      await Promise.allSettled(logging);
      const logged = await Promise.all(logging);
      await this.#append({ type: 'batch', time, id, blocks: logged, positions });
      for (const { ref } of logged) this.#found.waiting.delete(blockKey(ref));
      this.#found.lastTime = time;
      return logged;
    } catch (error) {
      await this.#blocks.release(added).catch(() => {});
      throw error;
    }
  }

  /** A batch was given up before an output saw it. The record need not be on disk before its events come again: it is before theirs. */
  async abandon(time: number, blocks: readonly BlockRef[]): Promise<void> {
    await this.#append({ type: 'abandoned', time });
    await this.#blocks.release(blocks);
  }

  /**
   * Writes what a batch changed. May be called again after a failure.
   * @throws StreamjobError FILE_ACCESS, CHECKPOINT_VALUE
   */
  async commit(details: CommitDetails): Promise<void> {
    this.#tidying.forget(details);
    const states = [...this.#changes(details), ...this.#notContinued(details)];
    const slices = details.slices;
    const added = { states: toBytes(states), slices, ids: details.ids, positions: this.#newPositions(details) };
    const tidied = await this.#tidying.carried(details, added.states.length + weigh(slices));
    const record: JournalRecord = {
      type: 'commit',
      time: details.time,
      batchMs: this.#options.batchMs,
      states: tidied.states.length === 0 ? added.states : toBytes([...states, ...tidied.states]),
      slices: [...slices, ...tidied.slices],
      ids: [...details.ids, ...tidied.ids],
      // Of an input that is in both the later one counts: the one of this batch.
      positions: [...tidied.positions, ...added.positions],
      blocks: tidied.blocks,
    };
    const written = this.#append(record).then(async (segment) => {
      // From here on the batch has committed: nothing of what follows may fail it.
      this.#tidying.place(record, [...states, ...tidied.states], segment);
      for (const { input, position } of record.positions) this.#positionBytes.set(input, toBytes(position));
      await this.#blocks.release(details.blocks);
      await this.#dropSegments();
    });
    if (details.synced || slices.length > 0 || states.some(({ changes }) => changes.length > 0)) return await written;
    // It says only that the batch was: nobody waits for it, and the next record says more.
    written.catch((error) => this.#options.log.warn({ err: error }, `the checkpoint fell behind: ${messageOf(error)}`));
  }

  /** Writes what waits and lets the directory go. */
  async close(): Promise<void> {
    try {
      try {
        await this.#journal.close();
      } finally {
        await this.#blocks.close();
      }
    } finally {
      await this.#lock.release();
    }
  }

  #append(record: JournalRecord): Promise<number> {
    return this.#journal.append(toBytes(record));
  }

  #changes({ states, time }: CommitDetails): StoredState[] {
    return states.flatMap(({ state, touched, changes }) =>
      touched ? [{ operator: state, ...formOf(this.#options.forms.get(state)), time, changes, wholes: [] }] : [],
    );
  }

  /**
   * States that this run does not continue: of operators that the job does not have, and of windows that it has with another length and
   * that no batch has run through yet. What their windows would still read is dropped from here on. A later run that has them again must
   * know it, or it would go on from the old state and never take out of it what has left: they are told once, as of no batch's time.
   */
  #notContinued({ states }: CommitDetails): StoredState[] {
    const { lastRun, kept } = this.#found;
    const touched = new Set(states.flatMap(({ state, touched: isTouched }) => (isTouched ? [state] : [])));
    return [...lastRun].flatMap(([operator, time]) => {
      const left = kept.get(operator);
      if (touched.has(operator) || time === NOT_CONTINUED || (time !== undefined && left === undefined)) return [];
      const form = formOf(left?.form ?? this.#options.forms.get(operator));
      return [{ operator, ...form, time: NOT_CONTINUED, changes: [], wholes: [] }];
    });
  }

  #newPositions({ positions }: CommitDetails): CommitDetails['positions'] {
    return positions.filter(({ input, position }) => {
      const bytes = toBytes(position);
      return this.#positionBytes.get(input)?.equals(bytes) !== true;
    });
  }

  async #dropSegments(): Promise<void> {
    const needed = this.#tidying.oldestNeeded;
    if (needed === undefined) return;
    try {
      await this.#journal.removeThrough(needed - 1);
    } catch (error) {
      // The next commit tries it again.
      const { log, directory } = this.#options;
      log.warn({ err: error, directory }, `old segments of the journal cannot be removed: ${messageOf(error)}`);
    }
  }
}

/**
 * The first record of a new journal, on disk before any block is: files of blocks without a journal are then what somebody else has
 * taken the journal away from, not what a crash left of a first start.
 * @throws StreamjobError LOG_CORRUPT, FILE_ACCESS
 */
async function beginJournal({ directory, files, batchMs }: CheckpointOptions, journal: RecordLog): Promise<void> {
  const blocks = (await files.list(directory)).filter((name) => blockFileNumber(name) !== undefined);
  if (blocks.length > 0) {
    throw new StreamjobError(
      'LOG_CORRUPT',
      `the journal is missing, and ${blocks.length} files of received events are there: some may be acknowledged and not processed`,
      {
        where: directory,
        hint: `bring journal-*.log back from a copy; or, to start without what they hold, move ${blocks.join(', ')} away`,
      },
    );
  }
  await journal.append(toBytes({ type: 'begin', batchMs } satisfies JournalRecord));
}
