/** A state whose keys lie in worker threads, as the main thread's checkpoint sees it. Until they are there, it is in this thread. */
import type { Node } from '../../graph/node.ts';
import { STATE_BUCKETS, type StateForm } from '../../graph/state/form.ts';
import { LocalState } from '../../state/durable-state.ts';
import type { DurableState, PackedChange, StateStore } from '../../state/store.ts';
import type { RunReport } from './messages.ts';

/** See the file's head. */
export class RemoteState implements DurableState {
  readonly node: Node<unknown>;
  readonly operator: string;
  readonly form: StateForm;
  readonly #store: StateStore;
  readonly #ask: (bucket: number) => Promise<PackedChange>;
  /** Undefined: nothing has been handed over. */
  #remote:
    | {
        size: number;
        touchedAt: number | undefined;
        changes: readonly PackedChange[];
        lastCommitted: number | undefined;
      }
    | undefined;

  /** @param ask for a bucket, once its keys are remote */
  constructor(node: Node<unknown>, store: StateStore, ask: (bucket: number) => Promise<PackedChange>) {
    this.node = node;
    this.operator = store.operator;
    this.form = store.form;
    this.#store = store;
    this.#ask = ask;
  }

  get lastCommitted(): number | undefined {
    return this.#remote === undefined ? this.#store.lastCommitted : this.#remote.lastCommitted;
  }

  get size(): number {
    return this.#remote?.size ?? this.#store.size;
  }

  touchedBy(time: number): boolean {
    return this.#remote?.touchedAt === time;
  }

  changes(): readonly PackedChange[] {
    return this.#remote?.changes ?? [];
  }

  bucket(index: number): PackedChange | Promise<PackedChange> {
    return this.#remote === undefined ? new LocalState(this.#store).bucket(index) : this.#ask(index);
  }

  restore(change: PackedChange, whole: boolean, version?: number): void {
    new LocalState(this.#store).restore(change, whole, version);
  }

  restored(lastCommitted: number | undefined): void {
    new LocalState(this.#store).restored(lastCommitted);
  }

  /** Hands all keys over, bucket by bucket. */
  handOver(give: (bucket: number, change: PackedChange) => void): void {
    const local = new LocalState(this.#store);
    for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
      const change = local.bucket(bucket);
      if (change.buckets.some(([, keys]) => keys > 0)) give(bucket, change);
    }
    this.#remote = { size: local.size, touchedAt: undefined, changes: [], lastCommitted: local.lastCommitted };
    local.restored(undefined);
  }

  /** The keys are lost: those that are put back from now on are in this thread. */
  takeBack(): void {
    this.#remote = undefined;
  }

  /** The batch of `time` has run. */
  ran(time: number, reports: readonly RunReport['states'][number][]): void {
    if (this.#remote === undefined) return;
    this.#remote.size = reports.reduce((sum, { size }) => sum + size, 0);
    this.#remote.touchedAt = reports.some(({ touched }) => touched) ? time : undefined;
    this.#remote.changes = reports.flatMap(({ changes }) => changes);
  }

  /** The batch of `time` has committed. */
  completed(time: number): void {
    const remote = this.#remote;
    if (remote?.touchedAt === time) remote.lastCommitted = time;
    if (remote !== undefined) remote.changes = [];
  }
}
