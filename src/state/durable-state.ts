/** State of this thread as checkpoints see it: what changed, packed into bytes, and back. */
import { fromBytes, fromPlain, toBytes, toPlain } from '../avro/stored-values.ts';
import type { StateForm } from '../graph/state/form.ts';
import type { PageFormat } from './page-types.ts';
import {
  type BucketChange,
  migrated,
  type PackedChange,
  type RestorableState,
  requireFit,
  type StateStore,
} from './store.ts';

/** @param operator for the error @throws StreamjobError CHECKPOINT_VALUE */
export function packChanges(changes: readonly BucketChange[], operator: string): PackedChange {
  return {
    buckets: changes.map(({ bucket, set }) => [bucket, set.length]),
    bytes: toBytes(changes.map((change) => toPlain(change, operator))),
  };
}

/** The inverse. */
export function unpackChanges({ bytes }: PackedChange): BucketChange[] {
  return fromPlain(fromBytes(bytes)) as BucketChange[];
}

/** State of this thread as checkpoints see it. */
export class LocalState implements RestorableState {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  get operator(): string {
    return this.#store.operator;
  }

  get form(): StateForm {
    return this.#store.form;
  }

  get lastCommitted(): number | undefined {
    return this.#store.lastCommitted;
  }

  get size(): number {
    return this.#store.size;
  }

  touchedBy(time: number): boolean {
    return this.#store.touchedBy(time);
  }

  changes(): PackedChange[] {
    const packed = this.#store.packedChanges?.();
    if (packed !== undefined) return packed;
    const changes = this.#store.changes();
    return changes.length === 0 ? [] : [packChanges(changes, this.operator)];
  }

  bucket(index: number): PackedChange {
    return packChanges([{ bucket: index, set: this.#store.bucket(index), deleted: [] }], this.operator);
  }

  restore(change: PackedChange, whole: boolean, version?: number): void {
    const unpacked = unpackChanges(change);
    const changes = version === undefined ? unpacked : unpacked.map((each) => migrated(this.#store, each, version));
    const bytes = change.bytes.length / Math.max(1, changes.length);
    for (const each of changes) this.#store.restore(each, whole, bytes);
  }

  restored(lastCommitted: number | undefined): void {
    this.#store.restored(lastCommitted);
    if (this.form.validate === undefined) return;
    // What an older record says of a key may be out of date: only what is there at the end has to fit.
    for (const [key, { state }] of this.#store.partition(0, 1).entries()) requireFit(this.#store, key, state);
  }
}

/** How states become pages of a store on disk, and back: as a checkpoint stores them. */
export const pageFormat: PageFormat = {
  plain: toPlain,
  encode: toBytes,
  decode: (bytes) => fromBytes(bytes) as unknown[],
  revive: fromPlain,
};
