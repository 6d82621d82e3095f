/**
 * State of an operator that the job does not have any more: it is kept as it is, for a job that has the operator again. Nobody can
 * bring it to another version meanwhile, so that its states may be of several.
 */

import { STATE_BUCKETS, type StateForm } from '../../graph/state/form.ts';
import { LocalState, packChanges, unpackChanges } from '../../state/durable-state.ts';
import { MemoryStateStore } from '../../state/memory.ts';
import { FIRST_VERSION, type PackedChange, type StoredEntry } from '../../state/store.ts';
import { NOT_CONTINUED, type StoredState } from './records.ts';

/** State of an operator that the job does not have any more. */
export class KeptState {
  readonly operator: string;
  #form: StateForm;
  readonly #versions = new Map<number, LocalState>();

  constructor(operator: string, kind: string, shape: string) {
    this.operator = operator;
    this.#form = { kind, shape, rebuildable: true };
  }

  get form(): StateForm {
    return this.#form;
  }

  /** What comes next is of this form: with another shape the operator had made its state anew. */
  adopt(kind: string, shape: string): void {
    if (this.#form.kind === kind && this.#form.shape === shape) return;
    this.#form = { kind, shape, rebuildable: true };
    this.#versions.clear();
  }

  /** Versions of states that there are. */
  get versions(): readonly number[] {
    return [...this.#versions].filter(([, { size }]) => size > 0).map(([version]) => version);
  }

  /** All entries, with the versions of their states. */
  *entries(): Generator<readonly [version: number, entry: StoredEntry]> {
    for (const [version, state] of this.#versions) {
      for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
        for (const { set } of unpackChanges(state.bucket(bucket))) for (const entry of set) yield [version, entry];
      }
    }
  }

  get size(): number {
    let size = 0;
    for (const state of this.#versions.values()) size += state.size;
    return size;
  }

  bucket(index: number): PackedChange {
    return packChanges(
      [...this.#versions.values()].flatMap((state) => unpackChanges(state.bucket(index))),
      this.operator,
    );
  }

  restore(change: PackedChange, whole: boolean, version: number = FIRST_VERSION): void {
    let target = this.#versions.get(version);
    if (target === undefined) {
      target = new LocalState(new MemoryStateStore(this.operator, this.form));
      this.#versions.set(version, target);
    }
    if (this.#versions.size === 1) return target.restore(change, whole);
    // A key has one state: it goes from the other versions.
    const gone = unpackChanges(change).map(({ bucket, set, deleted }) => ({
      bucket,
      set: [],
      deleted: [...deleted, ...set.map(([key]) => key)],
    }));
    for (const state of this.#versions.values()) {
      if (state !== target) state.restore(packChanges(gone, this.operator), whole);
    }
    target.restore(change, whole);
  }

  /** A bucket as records say it: the first as a whole, other versions on top of it. @param operator its name in the checkpoint */
  parts(bucket: number, operator: string): StoredState[] {
    const { kind, shape } = this.form;
    return [...this.#versions].map(
      ([version, state], i): StoredState => ({
        operator,
        kind,
        shape,
        ...(version === FIRST_VERSION ? {} : { version }),
        time: NOT_CONTINUED,
        changes: i === 0 ? [] : [state.bucket(bucket)],
        wholes: i === 0 ? [state.bucket(bucket)] : [],
      }),
    );
  }
}
