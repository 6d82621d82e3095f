/**
 * Keeps the journal of a checkpoint within some three times what is remembered: says what is written again beside a commit, so that the
 * oldest segments can go, and which segments are still needed.
 */

import type { RecordLog } from '../../durable/record-log.ts';
import type { StateForm } from '../../graph/state/form.ts';
import { FIRST_VERSION, type PackedChange } from '../../state/store.ts';
import type { CommitDetails } from './commit-details.ts';
import {
  type JournalRecord,
  type LoggedBlock,
  NOT_CONTINUED,
  type StoredIds,
  type StoredPosition,
  type StoredSlice,
  type StoredState,
} from './records.ts';
import { blockKey, idsKey, type Located, type Recovered, sliceKey } from './recovered.ts';
import type { CheckpointSizes } from './sizes.ts';

/** The journal is tidied when it is larger than so many times what is remembered. */
const MOST_OVERHEAD = 3;
/** How much is written again beside a commit, as a part of what the commit itself writes. */
const TIDY_FRACTION = 1.5;

/** What is known from the start. */
export interface TidyingSettings {
  /** The job's batch interval, in ms. */
  readonly batchMs: number;
  readonly forms: ReadonlyMap<string, StateForm>;
  readonly sizes: CheckpointSizes;
}

/** What is written again beside a commit. */
export interface Carried {
  readonly states: StoredState[];
  readonly slices: StoredSlice[];
  readonly ids: StoredIds[];
  readonly positions: StoredPosition[];
  readonly blocks: LoggedBlock[];
}

/** Keeps the journal of a checkpoint within some three times what is remembered. */
export class Tidying {
  readonly #found: Recovered;
  readonly #journal: RecordLog;
  readonly #settings: TidyingSettings;
  /** What an entry of an operator's state takes, in bytes, as far as known. */
  #entryBytes = 64;
  /** The interval in which it was last looked for what is not read any more. */
  #forgotIn = Number.NEGATIVE_INFINITY;

  /** @param found what the journal tells, and in which segment; it is kept up to date here */
  constructor(found: Recovered, journal: RecordLog, settings: TidyingSettings) {
    this.#found = found;
    this.#journal = journal;
    this.#settings = settings;
  }

  /** What no window reads any more, and ids beyond those that are remembered. */
  forget({ time, keepsSlice, keepsIds }: CommitDetails): void {
    const { slices, ids } = this.#found;
    // The oldest come first.
    for (const [key, { value }] of ids) {
      if (keepsIds(value)) break;
      ids.delete(key);
    }
    // All that is remembered is looked at: once an interval, also when batches are cut hundreds of times in it.
    const interval = Math.floor(time / this.#settings.batchMs);
    if (interval === this.#forgotIn) return;
    this.#forgotIn = interval;
    for (const [key, { value }] of slices) if (!keepsSlice(value)) slices.delete(key);
    for (const [key, { value }] of ids) if (!keepsIds(value)) ids.delete(key);
  }

  /** What the oldest segment alone tells, as much of it as the commit may carry. */
  async carried(details: CommitDetails, written: number): Promise<Carried> {
    const carried: Carried = { states: [], slices: [], ids: [], positions: [], blocks: [] };
    const oldest = this.#journal.segments[0]?.number;
    if (oldest === undefined || this.#journal.segments.length < 2 || !this.#isLarge(details)) return carried;
    const { waiting, slices, ids, positions } = this.#found;
    let budget = Math.max(this.#settings.sizes.leastTidied, written * TIDY_FRACTION);
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
    for (const operator of this.#found.bases.keys()) {
      if (budget > 0) budget -= await this.#carryState(operator, details, { carried, oldest, budget });
    }
    return carried;
  }

  /** Buckets of a state as a whole, oldest first come first served. @returns their bytes */
  async #carryState(
    operator: string,
    { bucket: wholeBucket, states, time }: CommitDetails,
    { carried, oldest, budget }: { readonly carried: Carried; readonly oldest: number; readonly budget: number },
  ): Promise<number> {
    const kept = this.#found.kept.get(operator);
    const form = this.#settings.forms.get(operator);
    const wholes: PackedChange[] = [];
    let bytes = 0;
    for (const [bucket, segment] of this.#found.bases.get(operator) ?? []) {
      if (segment > oldest || bytes >= budget) continue;
      if (kept !== undefined) {
        const parts = kept.parts(bucket, operator);
        carried.states.push(...parts);
        bytes += parts.reduce((sum, part) => sum + weighChanges([...part.changes, ...part.wholes]), 0);
      } else if (form !== undefined) {
        const whole = await wholeBucket(operator, bucket);
        wholes.push(whole);
        bytes += whole.bytes.length;
      }
    }
    if (wholes.length > 0) {
      const touched = states.some(({ state, touched: isTouched }) => state === operator && isTouched);
      const lastRun = touched ? time : (this.#found.lastRun.get(operator) ?? NOT_CONTINUED);
      carried.states.push({ operator, ...formOf(form), time: lastRun, changes: [], wholes });
    }
    return bytes;
  }

  #isLarge({ states }: CommitDetails): boolean {
    const { slices, ids, kept } = this.#found;
    const small = this.#settings.sizes.smallJournal;
    if (this.#journal.bytes < small) return false;
    let live = 0;
    for (const { size } of [...states, ...kept.values()]) live += size * this.#entryBytes;
    live += weigh([...slices.values()].map(({ value }) => value));
    for (const { value } of ids.values()) live += value.ids.length * 40;
    return this.#journal.bytes > Math.max(small, MOST_OVERHEAD * live);
  }

  /** Remembers which segment now tells what. */
  place(record: Extract<JournalRecord, { type: 'commit' }>, states: readonly StoredState[], segment: number): void {
    const { slices, ids, positions, waiting, bases } = this.#found;
    let entries = 0;
    for (const { operator, time, changes, wholes } of states) {
      this.#found.lastRun.set(operator, time);
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
    }
    for (const block of record.blocks) {
      const known = waiting.get(blockKey(block.ref));
      if (known !== undefined) known.segment = segment;
    }
  }

  /** The oldest segment that tells what nothing else does; undefined: no segment can go. */
  get oldestNeeded(): number | undefined {
    const { segments } = this.#journal;
    const [oldest] = segments;
    const newest = segments.at(-1);
    if (oldest === undefined || newest === undefined || oldest === newest) return undefined;
    const { slices, ids, positions, waiting, bases } = this.#found;
    let needed = newest.number;
    for (const { segment } of [...slices.values(), ...ids.values(), ...positions.values(), ...waiting.values()]) {
      if (segment < needed) needed = segment;
    }
    for (const ofOperator of bases.values())
      for (const segment of ofOperator.values()) needed = Math.min(needed, segment);
    return oldest.number < needed ? needed : undefined;
  }
}

/** How a record names the form of a state. */
export function formOf(form: StateForm | undefined): Pick<StoredState, 'kind' | 'shape' | 'version'> {
  const { kind, shape, version } = form ?? { kind: '', shape: '', version: undefined };
  return { kind, shape, ...(version === undefined || version === FIRST_VERSION ? {} : { version }) };
}

function weighChanges(changes: readonly PackedChange[]): number {
  return changes.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** Bytes of slices. */
export function weigh(slices: readonly StoredSlice[]): number {
  return slices.reduce((sum, { partitions }) => sum + partitions.reduce((bytes, { length }) => bytes + length, 0), 0);
}
