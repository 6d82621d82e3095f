/**
 * State of an operator, key by key, behind a port: what a batch changes is kept apart until the batch commits, so that one
 * that is run again or given up never counts twice. Keys lie in a fixed number of buckets, so that the number of
 * partitions may change from run to run.
 */
import { inspect } from 'node:util';
import { messageOf, StreamjobError } from '../core/errors.ts';
import {
  bucketOf,
  type StateCodec,
  type StateForm,
  type StatePartition,
  type StateSpecification,
} from '../graph/state/form.ts';

const LONGEST_KEY = 120;

/** A key with its state, as a checkpoint stores it: the key, what the store's codec makes of the state, its last update. */
export type StoredEntry = readonly [key: unknown, state: unknown, updated: number];

/** What changed in a bucket. */
export interface BucketChange {
  readonly bucket: number;
  readonly set: readonly StoredEntry[];
  /** Keys that are gone. */
  readonly deleted: readonly unknown[];
}

/** All state of one operator. */
export interface StateStore<K = unknown, S = unknown> {
  /** What names it across restarts when its stream has no uid. */
  readonly operator: string;
  readonly form: StateForm;
  /** Time of the last batch that changed it and committed. */
  readonly lastCommitted: number | undefined;
  /** Begins to keep apart what the batch changes. */
  begin(time: number): void;
  /** The partition's keys. @param count of partitions */
  partition(index: number, count: number): StatePartition<K, S>;
  /** Of other buckets `load` takes nothing: other threads have them. Called before anything else. */
  restrict(owns: (bucket: number) => boolean): void;
  /** States that are there before the first batch; nothing happens once a batch has committed. @param time the first batch's */
  load(pairs: readonly (readonly [K, S])[], time: number): void;
  /** Whether the batch of `time` has run through it, or it has states that no checkpoint has. */
  touchedBy(time: number): boolean;
  /** What the open batch has changed, for a checkpoint: its cost follows the changes. */
  changes(): BucketChange[];
  /** The same, where they are packed already; left out: they are not. */
  packedChanges?(): PackedChange[];
  /** All of a bucket, the open batch's changes included. */
  bucket(index: number): StoredEntry[];
  /** How many keys there are. */
  readonly size: number;
  /**
   * Puts back what a checkpoint stored.
   * @param whole whether `change.set` is all that the bucket has
   * @param bytes what it takes in the checkpoint, about
   * @throws StreamjobError FILE_ACCESS
   */
  restore(change: BucketChange, whole: boolean, bytes?: number): void;
  /**
   * The end of `restore`.
   * @param lastCommitted time of the last batch that changed it; undefined: it is to be made anew
   * @throws StreamjobError FILE_ACCESS
   */
  restored(lastCommitted: number | undefined): void;
  /**
   * Makes ready what the batch changed, when all of its stages have run: whatever may fail about its commit fails here, while the
   * batch can still be run again.
   * @throws StreamjobError FILE_ACCESS, CHECKPOINT_VALUE
   */
  seal(time: number): void;
  /** What the batch changed stays. After `seal` it cannot fail: it is called when the journal has the commit. */
  commit(time: number): void;
  /** Whether its keys cannot be read any more: it is of use again after `reset`, and when all that has committed was put back. */
  readonly isLost: boolean;
  /** Begins again with nothing in it. */
  reset(): Promise<void>;
  /** What the batch changed never was. Nothing happens when the batch changed nothing. */
  rollback(time: number): void;
}

/** Opens the store of an operator, wherever the job keeps its states. */
export type OpenStore = (specification: StateSpecification) => StateStore;

/** The version of a form that names none. */
export const FIRST_VERSION = 1;

/** @throws StreamjobError CHECKPOINT_VALUE when the operator says what fits, and this does not; USER_FUNCTION */
export function requireFit(
  { form: { validate }, operator }: Pick<StateStore, 'form' | 'operator'>,
  key: unknown,
  state: unknown,
): void {
  if (validate === undefined) return;
  let fits: boolean | string;
  try {
    fits = validate(state);
  } catch (error) {
    fits = messageOf(error);
  }
  if (fits === true) return;
  const why = typeof fits === 'string' ? `: ${fits}` : '';
  throw new StreamjobError('CHECKPOINT_VALUE', `the state of ${shownKey(key)} does not fit${why}`, {
    where: operator,
    hint: 'validate of the operator refused it: set a state that fits; where the checkpoint holds older ones, give stateVersion and migrate',
  });
}

/**
 * Stored entries of another version as those of a form.
 * @throws StreamjobError CHECKPOINT_INCOMPATIBLE when `migrate` threw
 */
export function migrated(
  { form, operator }: Pick<StateStore, 'form' | 'operator'>,
  change: BucketChange,
  from: number,
): BucketChange {
  const { migrate, version = FIRST_VERSION } = form;
  if (from === version || migrate === undefined) return change;
  const set: StoredEntry[] = [];
  const deleted = [...change.deleted];
  for (const [key, state, updated] of change.set) {
    let next: unknown;
    try {
      next = migrate(state, from);
    } catch (error) {
      throw new StreamjobError(
        'CHECKPOINT_INCOMPATIBLE',
        `migrate threw on the state of ${shownKey(key)}, of version ${from}: ${messageOf(error)}`,
        { where: operator, hint: 'mend migrate and start again: nothing was changed', cause: error },
      );
    }
    if (next === undefined) deleted.push(key);
    else set.push([key, next, updated]);
  }
  return { bucket: change.bucket, set, deleted };
}

function shownKey(key: unknown): string {
  const text = inspect(key, { breakLength: Number.POSITIVE_INFINITY });
  return `key ${text.length > LONGEST_KEY ? `${text.slice(0, LONGEST_KEY)}…` : text}`;
}

/** The codec of states that are plain data. */
export const PLAIN_STATE: StateCodec<never> = { encode: (state) => state, decode: (stored) => stored as never };

/** What changed in some buckets, as bytes, so that it can be weighed, sent and stored without being read. */
export interface PackedChange {
  /** Which buckets, and how many keys of each are set. */
  readonly buckets: readonly (readonly [bucket: number, set: number])[];
  /** BucketChange[] */
  readonly bytes: Uint8Array;
}

/** A state that is put back from a checkpoint, wherever it is. */
export interface RestorableState {
  readonly form: StateForm;
  /** @param version of the states; left out: that of the form @throws StreamjobError CHECKPOINT_INCOMPATIBLE, FILE_ACCESS */
  restore(change: PackedChange, whole: boolean, version?: number): void;
  /** @throws StreamjobError CHECKPOINT_VALUE, FILE_ACCESS */
  restored(lastCommitted: number | undefined): void;
}

/**
 * Changed keys by their buckets.
 * @param changed each key once, with its entry as a checkpoint stores it; undefined: it is gone
 */
export function changesByBucket(
  changed: Iterable<readonly [key: unknown, stored: StoredEntry | undefined]>,
): BucketChange[] {
  const byBucket = new Map<number, { bucket: number; set: StoredEntry[]; deleted: unknown[] }>();
  for (const [key, stored] of changed) {
    const bucket = bucketOf(key);
    let change = byBucket.get(bucket);
    if (change === undefined) {
      change = { bucket, set: [], deleted: [] };
      byBucket.set(bucket, change);
    }
    if (stored === undefined) change.deleted.push(key);
    else change.set.push(stored);
  }
  return [...byBucket.values()];
}
