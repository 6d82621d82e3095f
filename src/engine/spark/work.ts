/** What the driver tells workers of a stage, and what they tell of it: plain data. */
import type { CallOrigin } from '../../graph/outputs/partitions.ts';
import type { ShippedAccumulators } from '../../graph/shared.ts';
import type { StateVersion } from '../../state/versions/version.ts';
import type { ChangedPartition } from '../../state/versions/versioned-store.ts';
import type { PackedError } from '../crew/messages.ts';
import type { Letter } from '../skip-policy.ts';
import type { StoredPiece } from '../stored-chunk.ts';
import type { TriedPart } from './saving.ts';
import type { WrittenLines } from './task-log.ts';

/** What is larger than this goes through the storage, where there is one, and not through rows; in bytes, of a partition. */
export const MOST_INLINE_BYTES: number = 64 * 1024;

/** What a node may ask while it makes its lineage (BatchView), as the driver has found it. */
export interface Facts {
  /** Partitions of what is there already, by node and time; null: there is no data. */
  readonly data: readonly (readonly [node: number, time: number, partitions: number | null])[];
  /** Partitions of inputs; null: an input has no data. */
  readonly inputs: readonly (readonly [input: number, partitions: number | null])[];
  /** The times at which nodes have data, by their questions. */
  readonly times: readonly (readonly [node: number, after: number, upTo: number, times: readonly number[]])[];
  readonly lastCommitted: readonly (readonly [node: number, time: number | undefined])[];
}

/** The states of a node, as a stage finds them. */
export interface StatesAt {
  readonly node: number;
  /** Time of the last batch that changed them and committed, in ms since the epoch. */
  readonly lastCommitted: number | undefined;
  /** Of each partition; undefined: it has no keys. */
  readonly versions: readonly (StateVersion | undefined)[];
}

/** What a stage finds in the storage. */
export interface StorageWork {
  /** Of the run. */
  readonly directory: string;
  readonly states: readonly StatesAt[];
  /** Whether what is changed of states is written down. */
  readonly durable: boolean;
}

/** What a task has made of the states of a node's partition. */
export interface StatesLeft extends Omit<ChangedPartition, 'changes'> {
  readonly node: number;
  /** PackedChange[], or where it lies; undefined: it is not written down. */
  readonly changes: ChangedPartition['changes'] | StoredPiece | undefined;
}

/** The work of a stage. */
export interface WorkOrder {
  /** The batch's time. */
  readonly time: number;
  /** The node whose data is worked out. */
  readonly node: number;
  /** Which part of its lineage, where not all of it: the place among the parents, at each step. */
  readonly path: readonly number[];
  /** The number of the stage among those of that part. */
  readonly stage: number;
  readonly facts: Facts;
  /** How many partitions each leaf has: the driver has worked some of them out. */
  readonly leaves: readonly number[];
  readonly numPartitions: number;
  /** Of the graph, by its description: a worker that builds another one must not run. */
  readonly graph: string;
  /** Whether values that functions throw on are left out. */
  readonly skips: boolean;
  /** Whether it is counted how many values operators give. */
  readonly counts: boolean;
  /** Undefined: there is no storage; all data comes and goes as rows, and states are the driver's. */
  readonly storage: StorageWork | undefined;
}

/** The function of an output that a task is to call, in the place of a stage. */
export interface CallOrder {
  /** The number of the function in the graph. */
  readonly fn: number;
  /** As they are sent (toMessage). */
  readonly args: unknown;
  readonly isEach: boolean;
  readonly origin: CallOrigin;
  readonly numPartitions: number;
}

/** What a worker tells of the partitions of a stage that it has run. */
export interface TaskEnd {
  readonly stage: number;
  /** Each with how long it took, in ms. */
  readonly partitions: readonly (readonly [partition: number, durationMs: number])[];
  /** Rows that it read and wrote, this one left out: none may be lost on the way. */
  readonly read: number;
  readonly written: number;
  /** How long the data of the written rows is, as text. */
  readonly bytes: number;
  /** How many values operators gave, by their numbers, as far as that is known. */
  readonly gave: readonly (readonly [node: number, values: number])[];
  readonly letters: readonly Letter[];
  readonly accumulators: ShippedAccumulators;
  readonly states: readonly StatesLeft[];
  /** Who ran it: host and directory, which tell executors apart. */
  readonly executor: string;
  /** Parts of an output that it has written. */
  readonly saved: readonly TriedPart[];
  /** What functions wrote with console. */
  readonly wrote: WrittenLines;
  /** What a function threw: nothing of the stage counts then. */
  readonly error: PackedError | undefined;
}
