/**
 * What the journal of a checkpoint says, record by record. Each record is Node's structured clone of one of these; what is
 * large in it (states, slices) is a byte array with a structured clone of its own, so that it can be weighed, and left
 * unread. The journal is data only: of the job's code it knows the names of its inputs and of what remembers.
 */
import type { PackedChange } from '../../state/store.ts';
import type { BlockRef } from '../block/block-log.ts';

/** A block of an input. */
export interface LoggedBlock {
  readonly input: string;
  readonly ref: BlockRef;
  /** Its events are values of this process (block/value-block.ts), not Flume events. */
  readonly values?: boolean;
}

/** The time of a state that no later run may go on from without making it anew from slices, as far as it is made of slices: long past. */
export const NOT_CONTINUED = 0;

/** State of one operator as a record has it. */
export interface StoredState {
  readonly operator: string;
  readonly kind: string;
  readonly shape: string;
  /** Of the states, when it is not 1. */
  readonly version?: number;
  /** Time of the last batch that ran through it, or NOT_CONTINUED. */
  readonly time: number;
  readonly changes: readonly PackedChange[];
  /** Buckets as a whole: what older records say of them is out of date. */
  readonly wholes: readonly PackedChange[];
}

/** What windows remember of one batch of a stream. */
export interface StoredSlice {
  /** The names of the windows that read it. */
  readonly owners: readonly string[];
  readonly time: number;
  /** As of engine/slices.ts. */
  readonly partitions: readonly Uint8Array[];
}

/** Ids of events that a batch took in. */
export interface StoredIds {
  readonly input: string;
  readonly time: number;
  readonly ids: readonly string[];
}

/** Where an input that reads by itself has come to. */
export interface StoredPosition {
  readonly input: string;
  /** Plain data: the input's own affair. */
  readonly position: unknown;
}

/** What the journal of a checkpoint says, record by record. Times are ms since the epoch. */
export type JournalRecord =
  /** The journal of a directory begins. */
  | { readonly type: 'begin'; readonly batchMs: number }
  /** A block was received and logged, and may be acknowledged; it is in no batch yet. */
  | ({ readonly type: 'block' } & LoggedBlock)
  /** A batch was cut. It runs after this is on disk, and again with the same contents after a crash. */
  | {
      readonly type: 'batch';
      readonly time: number;
      /** Differs each time that a batch of this time is cut: outputs know by it whether they have seen just this one. */
      readonly id: string;
      readonly blocks: readonly LoggedBlock[];
      /** Where inputs that read by themselves have come to with it. */
      readonly positions: readonly StoredPosition[];
    }
  /** A batch was given up before any output had seen it: its events come again from their peers. */
  | { readonly type: 'abandoned'; readonly time: number }
  /** A batch has committed; what it changed, and what is carried over from records that are about to go. */
  | {
      readonly type: 'commit';
      readonly time: number;
      readonly batchMs: number;
      /** StoredState[] */
      readonly states: Uint8Array;
      readonly slices: readonly StoredSlice[];
      readonly ids: readonly StoredIds[];
      /** Where inputs that read by themselves have come to. */
      readonly positions: readonly StoredPosition[];
      /** Blocks in no batch, from records that are about to go. */
      readonly blocks: readonly LoggedBlock[];
    };
