/** Reads a checkpoint's journal, record by record, into what a run begins with. */
import { fromBytes } from '../../avro/stored-values.ts';
import { StreamjobError } from '../../core/errors.ts';
import { type DurableState, FIRST_VERSION } from '../../state/store.ts';
import type { BlockRef } from '../block/block-log.ts';
import { KeptState } from './kept-state.ts';
import type { JournalRecord, LoggedBlock, StoredIds, StoredSlice, StoredState } from './records.ts';

/** A batch that was cut and has not committed. */
export interface PendingBatch {
  readonly time: number;
  readonly id: string;
  readonly blocks: readonly LoggedBlock[];
}

/** Which segment of the journal has what a run needs. */
export interface Located<T> {
  readonly value: T;
  segment: number;
}

/** What names a block. */
export function blockKey({ file, offset }: BlockRef): string {
  return `${file}/${offset}`;
}

/** See the file's head. */
export class Recovered {
  /** Time of the last batch that committed or was cut. */
  lastTime: number | undefined;
  batchMs: number | undefined;
  pending: PendingBatch | undefined;
  /** Blocks in no batch, in the order of their arrival. */
  readonly waiting: Map<string, Located<LoggedBlock>> = new Map();
  readonly slices: Map<string, Located<StoredSlice>> = new Map();
  readonly ids: Map<string, Located<StoredIds>> = new Map();
  readonly positions: Map<string, Located<unknown>> = new Map();
  /** The oldest segment that a bucket of an operator is told in, by operator and bucket. */
  readonly bases: Map<string, Map<number, number>> = new Map();
  /** The job's stores, and those of operators that it does not have any more: their state is kept. */
  readonly stores: Map<string, DurableState>;
  readonly #lastRun = new Map<string, number | undefined>();
  /** The positions without the batch that was cut last. */
  #before = new Map<string, Located<unknown>>();
  readonly #misfits: string[] = [];

  /** @param stores the job's, by name */
  constructor(stores: ReadonlyMap<string, DurableState>) {
    this.stores = new Map(stores);
  }

  /** Takes in a record. @param segment where it lies */
  take(record: JournalRecord, segment: number): void {
    switch (record.type) {
      case 'begin':
        return;
      case 'block':
        this.#wait(record, segment);
        return;
      case 'batch':
        this.pending = record;
        this.lastTime = record.time;
        for (const { ref } of record.blocks) this.waiting.delete(blockKey(ref));
        this.#before = new Map(this.positions);
        for (const { input, position } of record.positions) this.positions.set(input, { value: position, segment });
        return;
      case 'abandoned':
        this.pending = undefined;
        this.positions.clear();
        for (const [input, position] of this.#before) this.positions.set(input, position);
        return;
      case 'commit':
        this.#commit(record, segment);
    }
  }

  /** After the last record. @throws StreamjobError CHECKPOINT_INCOMPATIBLE */
  finish(): void {
    if (this.#misfits.length > 0) {
      throw new StreamjobError('CHECKPOINT_INCOMPATIBLE', [...new Set(this.#misfits)].join('; '), {
        where: 'the checkpoint directory',
        hint: 'give the changed operator a uid of its own (for another version of its state, or migrate beside stateVersion): it then starts empty, and the old state stays where it is; or run the job as it was, or with another checkpointDir',
      });
    }
    for (const [name, store] of this.stores) if (this.#lastRun.has(name)) store.restored(this.#lastRun.get(name));
  }

  /** Names of operators that the checkpoint has state of and the job does not have. @param job the job's stores */
  removed(job: ReadonlyMap<string, DurableState>): string[] {
    return [...this.stores].filter(([name, { size }]) => !job.has(name) && size > 0).map(([name]) => name);
  }

  #wait({ input, ref, values }: LoggedBlock, segment: number): void {
    this.waiting.set(blockKey(ref), { value: { input, ref, values: values === true }, segment });
  }

  #commit(record: Extract<JournalRecord, { type: 'commit' }>, segment: number): void {
    this.pending = undefined;
    this.lastTime = record.time;
    this.batchMs = record.batchMs;
    for (const state of fromBytes(record.states) as StoredState[]) this.#restore(state, segment);
    for (const slice of record.slices) this.slices.set(sliceKey(slice), { value: slice, segment });
    for (const ids of record.ids) this.ids.set(idsKey(ids), { value: ids, segment });
    for (const { input, position } of record.positions) this.positions.set(input, { value: position, segment });
    for (const block of record.blocks) this.#wait(block, segment);
  }

  #restore(state: StoredState, segment: number): void {
    const { operator, kind, shape } = state;
    let store = this.stores.get(operator);
    if (store === undefined) {
      store = new KeptState(operator, kind, shape);
      this.stores.set(operator, store);
    }
    if (store instanceof KeptState) store.adopt(kind, shape);
    if (store.form.kind !== kind || (store.form.shape !== shape && !store.form.rebuildable)) {
      const form = (of: { kind: string; shape: string }): string =>
        `${of.kind}${of.shape === '' ? '' : ` of ${of.shape} ms`}`;
      this.#misfits.push(
        `the checkpoint has state of ${operator} as ${form(state)}, the job has it as ${form(store.form)}`,
      );
      return;
    }
    if (store.form.shape !== shape) {
      // Its slices are remembered: the operator makes its state anew from them.
      store.restored(undefined);
      this.#lastRun.set(operator, undefined);
      return;
    }
    const { version = FIRST_VERSION } = state;
    const { migrate, version: wanted = FIRST_VERSION } = store.form;
    if (!(store instanceof KeptState) && version !== wanted && migrate === undefined) {
      this.#misfits.push(
        `the checkpoint has state of ${operator} in version ${version}, the job wants version ${wanted} and has no migrate that makes the one of the other`,
      );
      return;
    }
    const bases = this.bases.get(operator) ?? new Map<number, number>();
    this.bases.set(operator, bases);
    for (const change of state.changes) {
      store.restore(change, false, version);
      for (const [bucket] of change.buckets) if (!bases.has(bucket)) bases.set(bucket, segment);
    }
    for (const whole of state.wholes) {
      store.restore(whole, true, version);
      for (const [bucket] of whole.buckets) bases.set(bucket, segment);
    }
    this.#lastRun.set(operator, state.time);
  }
}

/** State that no job took. */
export function keptStateOf({ stores }: Recovered, operator: string): KeptState | undefined {
  const state = stores.get(operator);
  return state instanceof KeptState ? state : undefined;
}

export function idsKey({ input, time }: Pick<StoredIds, 'input' | 'time'>): string {
  return `${input}\u0000${time}`;
}

export function sliceKey({ owners, time }: Pick<StoredSlice, 'owners' | 'time'>): string {
  return `${owners.join('\u0000')}\u0000${time}`;
}
