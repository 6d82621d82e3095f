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
import { type DirectoryLock, lockDirectory } from '../../durable/lock.ts';
import { RecordLog } from '../../durable/record-log.ts';
import { type DurableState, FIRST_VERSION, type PackedChange } from '../../state/store.ts';
import { BlockLog, type BlockRef, blockFileNumber } from '../block/block-log.ts';
import { KeptState } from './kept-state.ts';
import type { JournalRecord, LoggedBlock, StoredIds, StoredPosition, StoredSlice, StoredState } from './records.ts';
import { blockKey, idsKey, type Located, Recovered, sliceKey } from './recovered.ts';

/** What a checkpoint is opened with. */
export interface CheckpointOptions {
  readonly directory: string;
  readonly files: Files;
  readonly log: Logger;
  /** The job's batch interval, in ms. */
  readonly batchMs: number;
  /** The job's operators that remember, by name. */
  readonly stores: ReadonlyMap<string, DurableState>;
  /** Below this the journal is not tidied, in bytes. Default 16 MiB. */
  readonly smallJournalBytes?: number;
}

/** What a commit adds to the states. */
export interface CommitDetails {
  readonly time: number;
  readonly slices: readonly StoredSlice[];
  /** Slices up to these times are not read any more. @returns whether one is */
  readonly keepsSlice: (slice: StoredSlice) => boolean;
  readonly ids: readonly StoredIds[];
  /** Whether the ids of a batch are still remembered. */
  readonly keepsIds: (ids: StoredIds) => boolean;
  readonly positions: readonly StoredPosition[];
  /** Blocks of the batch: not needed once it has committed. */
  readonly blocks: readonly BlockRef[];
  /** Whether something is acknowledged by it: then it is synced before `commit` resolves. */
  readonly synced: boolean;
}

/** A block of a batch that is cut: in the log already, or to be put there. */
export type CutBlock = { readonly input: string; readonly values: boolean } & (
  | { readonly ref: BlockRef }
  | { readonly block: EventBlock }
);

const MIB = 1024 * 1024;
const DEFAULT_SMALL_JOURNAL_BYTES = 16 * MIB;
const BLOCK_SEGMENT_BYTES = 64 * MIB;
/** The journal is tidied when it is larger than so many times what is remembered. */
const MOST_OVERHEAD = 3;
/** How much is written again beside a commit, as a part of what the commit itself writes, and at least. */
const TIDY_FRACTION = 1.5;
const LEAST_TIDY_BYTES = 64 * 1024;

/** See the file's head. */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  readonly #lock: DirectoryLock;
  readonly #journal: RecordLog;
  readonly #blocks: BlockLog;
  readonly #found: Recovered;
  /** What an entry of an operator's state takes, in bytes, as far as known. */
  #entryBytes = 64;
  /** The interval in which it was last looked for what is not read any more. */
  #forgotIn = Number.NEGATIVE_INFINITY;
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
  }

  /**
   * Opens a directory, makes it when there is none, and puts the states back into the job's stores.
   * @throws StreamjobError CHECKPOINT_LOCKED, CHECKPOINT_INCOMPATIBLE, LOG_CORRUPT, FILE_ACCESS
   */
  static async open(options: CheckpointOptions): Promise<Checkpoint> {
    const { directory, files, stores } = options;
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
      const found = new Recovered(stores);
      const segmentBytes = Math.max(MIB, (options.smallJournalBytes ?? DEFAULT_SMALL_JOURNAL_BYTES) / 4);
      const journal = await RecordLog.open({ files, directory, name: 'journal', segmentBytes }, (bytes, segment) =>
        found.take(fromBytes(bytes) as JournalRecord, segment),
      );
      found.finish();
      if (journal.segments.length === 0) await beginJournal(options, journal);
      const live = [...found.waiting.values()].map(({ value }) => value.ref);
      live.push(...(found.pending?.blocks ?? []).map(({ ref }) => ref));
      const onLeftBehind = (error: StreamjobError): void => options.log.warn({ err: error }, error.message);
      const blocks = await BlockLog.open({ files, directory, segmentBytes: BLOCK_SEGMENT_BYTES, onLeftBehind }, live);
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
   * Reads the states once more, as they are after the last commit: for an engine that has lost them.
   * @throws StreamjobError LOG_CORRUPT, FILE_ACCESS
   */
  async reloadStates(states: ReadonlyMap<string, DurableState>): Promise<void> {
    const found = new Recovered(states);
    await this.#journal.read((bytes, segment) => found.take(fromBytes(bytes) as JournalRecord, segment));
    found.finish();
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
    try {
      const logged = await Promise.all(
        blocks.map(async ({ input, values, ...place }): Promise<LoggedBlock> => {
          if ('ref' in place) return { input, values, ref: place.ref };
          const fresh = await this.#blocks.append(place.block);
          added.push(fresh);
          return { input, values, ref: fresh };
        }),
      );
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
    this.#forget(details);
    const states = await this.#changes(details.time);
    const slices = details.slices;
    const added = { states: toBytes(states), slices, ids: details.ids, positions: this.#newPositions(details) };
    const tidied = await this.#tidy(details.time, added.states.length + weigh(slices));
    const record: JournalRecord = {
      type: 'commit',
      time: details.time,
      batchMs: this.#options.batchMs,
      states: tidied.states.length === 0 ? added.states : toBytes([...states, ...tidied.states]),
      slices: [...slices, ...tidied.slices],
      ids: [...details.ids, ...tidied.ids],
      positions: [...added.positions, ...tidied.positions],
      blocks: tidied.blocks,
    };
    const written = this.#append(record).then(async (segment) => {
      // From here on the batch has committed: nothing of what follows may fail it.
      this.#place(record, [...states, ...tidied.states], segment);
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

  /** What no window reads any more, and ids beyond those that are remembered. */
  #forget({ time, keepsSlice, keepsIds }: CommitDetails): void {
    const { slices, ids } = this.#found;
    // The oldest come first.
    for (const [key, { value }] of ids) {
      if (keepsIds(value)) break;
      ids.delete(key);
    }
    // All that is remembered is looked at: once an interval, also when batches are cut hundreds of times in it.
    const interval = Math.floor(time / this.#options.batchMs);
    if (interval === this.#forgotIn) return;
    this.#forgotIn = interval;
    for (const [key, { value }] of slices) if (!keepsSlice(value)) slices.delete(key);
    for (const [key, { value }] of ids) if (!keepsIds(value)) ids.delete(key);
  }

  async #changes(time: number): Promise<StoredState[]> {
    const states: StoredState[] = [];
    for (const [operator, store] of this.#options.stores) {
      if (!store.touchedBy(time)) continue;
      states.push({ operator, ...formOf(store), time, changes: await store.changes(), wholes: [] });
    }
    return states;
  }

  #newPositions({ positions }: CommitDetails): CommitDetails['positions'] {
    return positions.filter(({ input, position }) => {
      const bytes = toBytes(position);
      return this.#positionBytes.get(input)?.equals(bytes) !== true;
    });
  }

  /** What the oldest segment alone tells, as much of it as the commit may carry. */
  async #tidy(
    time: number,
    written: number,
  ): Promise<Pick<CommitDetails, 'slices' | 'ids' | 'positions'> & { states: StoredState[]; blocks: LoggedBlock[] }> {
    const carried = {
      states: [] as StoredState[],
      slices: [] as StoredSlice[],
      ids: [] as StoredIds[],
      positions: [] as { input: string; position: unknown }[],
      blocks: [] as LoggedBlock[],
    };
    const oldest = this.#journal.segments[0]?.number;
    if (oldest === undefined || this.#journal.segments.length < 2 || !this.#isLarge()) return carried;
    const { waiting, slices, ids, positions } = this.#found;
    let budget = Math.max(LEAST_TIDY_BYTES, written * TIDY_FRACTION);
    const old = <T>(located: Located<T>): boolean => located.segment <= oldest && budget > 0;
    for (const located of slices.values()) {
      if (!old(located)) continue;
      carried.slices.push(located.value);
      budget -= weigh([located.value]);
    }
    for (const located of ids.values()) {
      if (!old(located)) continue;
      carried.ids.push(located.value);
      budget -= located.value.ids.reduce((sum, id) => sum + id.length + 2, 0);
    }
    for (const [input, located] of positions) {
      if (old(located)) carried.positions.push({ input, position: located.value });
    }
    for (const located of waiting.values()) {
      if (!old(located)) continue;
      carried.blocks.push(located.value);
      budget -= 64;
    }
    for (const [operator, bases] of this.#found.bases) {
      const store = this.#found.stores.get(operator);
      if (store === undefined) continue;
      const wholes: PackedChange[] = [];
      for (const [bucket, segment] of bases) {
        if (segment > oldest || budget <= 0) continue;
        if (store instanceof KeptState) {
          const parts = store.parts(bucket, operator);
          carried.states.push(...parts);
          budget -= parts.reduce((sum, { changes, wholes: of }) => sum + weighChanges([...changes, ...of]), 0);
          continue;
        }
        const whole = await store.bucket(bucket);
        wholes.push(whole);
        budget -= whole.bytes.length;
      }
      if (wholes.length > 0) {
        carried.states.push({
          operator,
          ...formOf(store),
          time: store.touchedBy(time) ? time : (store.lastCommitted ?? time),
          changes: [],
          wholes,
        });
      }
    }
    return carried;
  }

  #isLarge(): boolean {
    const { slices, ids, stores } = this.#found;
    const small = this.#options.smallJournalBytes ?? DEFAULT_SMALL_JOURNAL_BYTES;
    if (this.#journal.bytes < small) return false;
    let live = 0;
    for (const { size } of stores.values()) live += size * this.#entryBytes;
    live += weigh([...slices.values()].map(({ value }) => value));
    for (const { value } of ids.values()) live += value.ids.length * 40;
    return this.#journal.bytes > Math.max(small, MOST_OVERHEAD * live);
  }

  /** Remembers which segment now tells what. */
  #place(record: Extract<JournalRecord, { type: 'commit' }>, states: readonly StoredState[], segment: number): void {
    const { slices, ids, positions, waiting, bases } = this.#found;
    let entries = 0;
    for (const { operator, changes, wholes } of states) {
      const ofOperator = bases.get(operator) ?? new Map<number, number>();
      bases.set(operator, ofOperator);
      for (const [bucket, set] of changes.flatMap((change) => change.buckets)) {
        entries += set;
        if (!ofOperator.has(bucket)) ofOperator.set(bucket, segment);
      }
      for (const [bucket, set] of wholes.flatMap((whole) => whole.buckets)) {
        entries += set;
        ofOperator.set(bucket, segment);
      }
    }
    if (entries > 0) this.#entryBytes = record.states.length / entries;
    for (const slice of record.slices) slices.set(sliceKey(slice), { value: slice, segment });
    for (const each of record.ids) ids.set(idsKey(each), { value: each, segment });
    for (const { input, position } of record.positions) {
      positions.set(input, { value: position, segment });
      this.#positionBytes.set(input, toBytes(position));
    }
    for (const block of record.blocks) {
      const known = waiting.get(blockKey(block.ref));
      if (known !== undefined) known.segment = segment;
    }
  }

  async #dropSegments(): Promise<void> {
    const segments = this.#journal.segments;
    if (segments.length < 2) return;
    const { slices, ids, positions, waiting, bases } = this.#found;
    let needed = (segments.at(-1) as { number: number }).number;
    for (const { segment } of [...slices.values(), ...ids.values(), ...positions.values(), ...waiting.values()]) {
      if (segment < needed) needed = segment;
    }
    for (const ofOperator of bases.values())
      for (const segment of ofOperator.values()) needed = Math.min(needed, segment);
    if ((segments[0] as { number: number }).number >= needed) return;
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

function formOf({ form: { kind, shape, version } }: DurableState): Pick<StoredState, 'kind' | 'shape' | 'version'> {
  return { kind, shape, ...(version === undefined || version === FIRST_VERSION ? {} : { version }) };
}

function weighChanges(changes: readonly PackedChange[]): number {
  return changes.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function weigh(slices: readonly StoredSlice[]): number {
  return slices.reduce((sum, { partitions }) => sum + partitions.reduce((bytes, { length }) => bytes + length, 0), 0);
}
