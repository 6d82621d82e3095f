/**
 * Reads a checkpoint's journal, record by record, into what a run begins with. States are read on their own, when an engine is there to
 * take them: they may be larger than memory.
 */

import { fromBytes } from '../../avro/stored-values.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { StateForm } from '../../graph/state/form.ts';
import type { RestorableState } from '../../state/store.ts';
import { FIRST_VERSION } from '../../state/store.ts';
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

/** Reads a checkpoint's journal, record by record, into what a run begins with. */
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
  /** When a batch last ran through each state, in ms since the epoch; undefined: the state is to be made anew from slices. */
  readonly lastRun: Map<string, number | undefined> = new Map();
  /** States of operators that the job does not have any more. */
  readonly kept: Map<string, KeptState> = new Map();
  readonly #forms: ReadonlyMap<string, StateForm>;
  /** The positions without the batch that was cut last. */
  #before = new Map<string, Located<unknown>>();
  readonly #misfits: string[] = [];

  /** @param forms of the job's states, by their names */
  constructor(forms: ReadonlyMap<string, StateForm>) {
    this.#forms = forms;
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
  }

  /** Names of operators that the checkpoint has state of and the job does not have. */
  get removed(): string[] {
    return [...this.kept].filter(([, { size }]) => size > 0).map(([name]) => name);
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

  /** Takes note of where a state is told; what it holds is read when an engine asks for it, unless no operator will. */
  #restore(state: StoredState, segment: number): void {
    const { operator } = state;
    const form = this.#forms.get(operator);
    if (form === undefined) this.#keep(state);
    else {
      const fit = fitOf(state, form);
      if (fit === 'anew') return void this.lastRun.set(operator, undefined);
      if (fit !== 'fits') return void this.#misfits.push(fit.misfit);
    }
    const bases = this.bases.get(operator) ?? new Map<number, number>();
    this.bases.set(operator, bases);
    for (const [bucket] of state.changes.flatMap(({ buckets }) => buckets)) {
      if (!bases.has(bucket)) bases.set(bucket, segment);
    }
    for (const [bucket] of state.wholes.flatMap(({ buckets }) => buckets)) bases.set(bucket, segment);
    this.lastRun.set(operator, state.time);
  }

  #keep({ operator, kind, shape, version, changes, wholes }: StoredState): void {
    let state = this.kept.get(operator);
    if (state === undefined) {
      state = new KeptState(operator, kind, shape);
      this.kept.set(operator, state);
    }
    state.adopt(kind, shape);
    for (const change of changes) state.restore(change, false, version);
    for (const whole of wholes) state.restore(whole, true, version);
  }
}

/**
 * Whether stored state is of use to an operator: as it is ('fits'); not, but its slices are remembered and it makes its state anew from
 * them ('anew'); or not at all.
 */
function fitOf(
  { operator, kind, shape, version = FIRST_VERSION }: StoredState,
  form: StateForm,
): 'fits' | 'anew' | { readonly misfit: string } {
  if (form.kind !== kind || (form.shape !== shape && !form.rebuildable)) {
    const shown = (of: { kind: string; shape: string }): string =>
      `${of.kind}${of.shape === '' ? '' : ` of ${of.shape} ms`}`;
    const theirs = shown({ kind, shape });
    return { misfit: `the checkpoint has state of ${operator} as ${theirs}, the job has it as ${shown(form)}` };
  }
  if (form.shape !== shape) return 'anew';
  const { migrate, version: wanted = FIRST_VERSION } = form;
  if (version === wanted || migrate !== undefined) return 'fits';
  return {
    misfit: `the checkpoint has state of ${operator} in version ${version}, the job wants version ${wanted} and has no migrate that makes the one of the other`,
  };
}

/** Reads a journal, record by record, into the states of an engine. That the forms fit was checked when the journal was opened. */
export class StateReader {
  readonly #into: (name: string) => RestorableState | undefined;
  /** By operators: an engine may have another object for a state each time that it is asked. */
  readonly #lastRun = new Map<string, { readonly state: RestorableState; readonly time: number | undefined }>();

  constructor(into: (name: string) => RestorableState | undefined) {
    this.#into = into;
  }

  take(record: JournalRecord): void {
    if (record.type !== 'commit') return;
    for (const stored of fromBytes(record.states) as StoredState[]) {
      const state = this.#into(stored.operator);
      if (state === undefined) continue;
      if (fitOf(stored, state.form) === 'anew') {
        state.restored(undefined);
        this.#lastRun.set(stored.operator, { state, time: undefined });
        continue;
      }
      const { version = FIRST_VERSION } = stored;
      for (const change of stored.changes) state.restore(change, false, version);
      for (const whole of stored.wholes) state.restore(whole, true, version);
      this.#lastRun.set(stored.operator, { state, time: stored.time });
    }
  }

  /** After the last record. */
  finish(): void {
    for (const { state, time } of this.#lastRun.values()) state.restored(time);
  }
}

export function idsKey({ input, time }: Pick<StoredIds, 'input' | 'time'>): string {
  return `${input}\u0000${time}`;
}

export function sliceKey({ owners, time }: Pick<StoredSlice, 'owners' | 'time'>): string {
  return `${owners.join('\u0000')}\u0000${time}`;
}
