/** What a commit adds to a checkpoint. */

import type { StateReport } from '../../engine/engine.ts';
import type { PackedChange } from '../../state/store.ts';
import type { BlockRef } from '../block/block-log.ts';
import type { StoredIds, StoredPosition, StoredSlice } from './records.ts';

/** What a commit adds to the states. */
export interface CommitDetails {
  readonly time: number;
  /** Of all states of the job. */
  readonly states: readonly StateReport[];
  /** All of a bucket of a state, what the batch changed included. */
  readonly bucket: (state: string, index: number) => Promise<PackedChange>;
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
