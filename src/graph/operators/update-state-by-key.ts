/** updateStateByKey: the function sees every key that has a state or new values, in every batch, as in Spark. */
import { count, flag, fn, type OptionTable, option } from '../../core/options.ts';
import { requireSync } from '../functions.ts';
import { KeyedMap } from '../keys.ts';
import type { Lineage } from '../lineage.ts';
import type { Node, NodeSpec } from '../node.ts';
import {
  type StatePartition,
  type StateSchema,
  type StateSpecification,
  statePartitioner,
  statePartitionsOf,
} from '../state/form.ts';
import { partitionBy } from './arrange.ts';
import { stateful } from './stateful.ts';

/** What a key's state becomes from its new values; undefined: the key goes. */
export type UpdateState<V, S> = (values: readonly V[], state: S | undefined) => S | undefined;
/** As UpdateState, with the batch time in ms and the key. */
export type UpdateStateAtTime<K, V, S> = (
  time: number,
  key: K,
  values: readonly V[],
  state: S | undefined,
) => S | undefined;
/** Over all keys of a partition at once: those that are not given back go. */
export type UpdateStates<K, V, S> = (
  keys: IterableIterator<readonly [K, readonly V[], S | undefined]>,
) => Iterable<readonly [K, S]>;

/** What updateStateByKey takes beside its function. */
export interface UpdateStateOptions<K, S> {
  /** Partitions of the state. Default: the job's `parallelism`, at most 128. */
  readonly numPartitions?: number;
  /** States that are there before the first batch. Default: none. */
  readonly initialState?: Iterable<readonly [K, S]>;
  /** Whether the function is one over all keys of a partition. Default: false. */
  readonly perPartition?: boolean;
  /** Which form the state has: another one when what it means, or of which type it is, has changed. Default: 1. */
  readonly stateVersion?: number;
  /**
   * Makes of a state that a checkpoint has in another version one of this; undefined: the key goes. Default: a
   * checkpoint with states of another version is refused.
   */
  readonly migrate?: (state: unknown, fromVersion: number) => S | undefined;
  /**
   * Whether a state fits, when it is set and when it is found in a checkpoint; a text says why not. One that does not
   * is refused. Default: every state fits.
   */
  readonly validate?: (state: S) => boolean | string;
}

/** The options of updateStateByKey. */
export const UPDATE_STATE_OPTIONS = {
  numPartitions: count({
    min: 1,
    absent: "the job's `parallelism`, at most 128",
    unit: 'partitions',
    doc: 'partitions of the state',
  }),
  initialState: option(
    { absent: 'none', doc: 'states that are there before the first batch' },
    {
      kind: 'pairs',
      expected: 'pairs of a key and its state: an array, a Map or another iterable',
      read: (value) =>
        typeof value === 'object' && value !== null && Symbol.iterator in value
          ? (value as Iterable<readonly [unknown, unknown]>)
          : undefined,
    },
  ),
  perPartition: flag({ absent: 'false', doc: 'whether the function is one over all keys of a partition' }),
  stateVersion: count({
    min: 1,
    absent: '1',
    doc: 'which form the state has: another one when what it means, or of which type it is, has changed',
  }),
  migrate: fn<(state: unknown, fromVersion: number) => unknown>({
    expected: 'a function (state, fromVersion) => state',
    absent: 'a checkpoint with states of another version is refused',
    doc: 'makes of a state that a checkpoint has in another version one of this; undefined: the key goes',
  }),
  validate: fn<(state: unknown) => boolean | string>({
    expected: 'a function (state) => true, false, or why it does not fit',
    absent: 'every state fits',
    doc: 'whether a state fits, when it is set and when it is found in a checkpoint; a text says why not',
    more: 'One that does not is refused.',
  }),
} satisfies OptionTable<UpdateStateOptions<unknown, unknown>>;

/** Spark's updateStateByKey: the function sees every key that has a state or new values, in every batch. */
export function updateStateNode<K, V, S>(
  parent: Node<readonly [K, V]>,
  update: UpdateState<V, S> | UpdateStateAtTime<K, V, S> | UpdateStates<K, V, S>,
  options: UpdateStateOptions<K, S>,
  operator: string,
): NodeSpec<readonly [K, S]> {
  const { stateVersion: version, migrate, validate } = options;
  const schema = { version, migrate, validate: validate as StateSchema['validate'] };
  const form = { kind: 'updateStateByKey', shape: '', rebuildable: false, ...schema };
  const own: StateSpecification = { operator, form, initial: [...(options.initialState ?? [])] };
  return {
    name: 'updateStateByKey',
    parents: [parent],
    slideMs: parent.slideMs,
    windowMs: 0,
    state: own,
    statePartitions: options.numPartitions,
    lineage(time, batch) {
      const partitioner = statePartitioner(statePartitionsOf(options.numPartitions, batch.numPartitions));
      const data = batch.of(parent, time) ?? ({ kind: 'source', partitions: [] } as Lineage<readonly [K, V]>);
      const fn = overPartition(update, time, options.perPartition === true);
      return stateful<K, S, readonly [K, S]>({
        name: 'updateStateByKey',
        time,
        of: own,
        changes: true,
        parents: [partitionBy(data, partitioner)],
        numPartitions: partitioner.numPartitions,
        process: (state, [pairs = []]) => updateAll(state, pairs as readonly (readonly [K, V])[], fn, time),
      });
    },
  };
}

/** All three forms as the last one; a function of a key with three or more parameters takes the time and the key first. */
function overPartition<K, V, S>(
  update: UpdateState<V, S> | UpdateStateAtTime<K, V, S> | UpdateStates<K, V, S>,
  time: number,
  perPartition: boolean,
): UpdateStates<K, V, S> {
  if (perPartition) return update as UpdateStates<K, V, S>;
  const each: UpdateStateAtTime<K, V, S> =
    update.length >= 3
      ? (update as UpdateStateAtTime<K, V, S>)
      : (_time, _key, values, state) => (update as UpdateState<V, S>)(values, state);
  return function* (keys) {
    for (const [key, values, state] of keys) {
      const next = requireSync(each(time, key, values, state), 'updateStateByKey');
      if (next !== undefined) yield [key, next];
    }
  };
}

function updateAll<K, V, S>(
  state: StatePartition<K, S>,
  pairs: readonly (readonly [K, V])[],
  fn: UpdateStates<K, V, S>,
  time: number,
): (readonly [K, S])[] {
  const groups = new KeyedMap<K, { readonly values: V[]; readonly state: S | undefined }>();
  for (const [key, { state: before }] of state.entries()) groups.add(key, { values: [], state: before });
  for (const [key, value] of pairs) {
    const group = groups.find(key);
    if (group === undefined) groups.add(key, { values: [value], state: undefined });
    else group[1].values.push(value);
  }
  const keys = (function* () {
    for (const [key, { values, state: before }] of groups.entries()) yield [key, values, before] as const;
  })();
  const after = new KeyedMap<K, S>();
  for (const [key, next] of requireSync(fn(keys), 'updateStateByKey')) after.add(key, next);
  for (const [key, { state: before }] of groups.entries()) {
    if (before !== undefined && after.find(key) === undefined) state.delete(key);
  }
  for (const [key, next] of after.entries()) state.set(key, next, time);
  return [...after.entries()];
}
