/** mapWithState and its snapshots: the cost follows the keys that have values or time out. Source: Spark's MapWithStateDStream. */
import { requireSync, SKIP_HINT, userError } from '../functions.ts';
import { kept, type Lineage, type Skip, viewPartition } from '../lineage.ts';
import type { Node, NodeSpec } from '../node.ts';
import { type StatePartition, type StateSpecification, statePartitioner, statePartitionsOf } from '../state/form.ts';
import { State, type StateSpec } from '../state/state-spec.ts';
import { partitionBy } from './arrange.ts';
import { stateful } from './stateful.ts';

const OPERATOR = { name: 'mapWithState' };

/**
 * Calls the function for each value, then once for each key that had none for the timeout.
 * @param skip when given, takes pairs that the function threw on; the state is as before the call, a key that timed out goes
 */
export function mapRecords<K, V, S, M>(
  state: StatePartition<K, S>,
  pairs: readonly (readonly [K, V])[],
  spec: StateSpec<K, V, S, M>,
  time: number,
  skip?: Skip,
): M[] {
  const mapped: M[] = [];
  /** False: the function threw, and the pair is left out. */
  const call = (key: K, value: V | undefined, view: State<S>): boolean => {
    let result: M | undefined;
    try {
      result = requireSync(spec.run(time, key, value, view), 'mapWithState');
    } catch (error) {
      if (skip === undefined) throw userError(error, OPERATOR, { value: [key, value] }, SKIP_HINT);
      skip(OPERATOR, [key, value], error);
      return false;
    }
    if (result !== undefined || !spec.dropsUndefined) mapped.push(result as M);
    return true;
  };
  for (const [key, value] of pairs) {
    const before = state.get(key);
    const view = new State<S>(before?.state, before !== undefined, false);
    if (!call(key, value, view)) continue;
    if (view.isRemoved()) state.delete(key);
    else if (view.isUpdated() || (view.exists() && spec.timeoutMs !== Number.POSITIVE_INFINITY)) {
      state.set(key, view.get(), time);
    }
  }
  if (spec.timeoutMs === Number.POSITIVE_INFINITY) return mapped;
  for (const key of state.updatedBefore(time - spec.timeoutMs)) {
    const before = state.get(key);
    if (before !== undefined) call(key, undefined, new State<S>(before.state, true, true));
    state.delete(key);
  }
  return mapped;
}

/** Spark's mapWithState: the cost follows the keys that have values or time out. */
export function mapWithStateNode<K, V, S, M>(
  parent: Node<readonly [K, V]>,
  spec: StateSpec<K, V, S, M>,
  operator: string,
): NodeSpec<M> {
  const form = { kind: 'mapWithState', shape: '', rebuildable: false, ...spec.schema };
  const own: StateSpecification = { operator, form, initial: spec.initial };
  return {
    name: 'mapWithState',
    parents: [parent],
    slideMs: parent.slideMs,
    windowMs: 0,
    state: own,
    statePartitions: spec.partitions,
    lineage(time, batch) {
      const partitioner = statePartitioner(statePartitionsOf(spec.partitions, batch.numPartitions));
      const data = batch.of(parent, time) ?? ({ kind: 'source', partitions: [] } as Lineage<readonly [K, V]>);
      return stateful<K, S, M>({
        name: 'mapWithState',
        time,
        of: own,
        changes: true,
        parents: [partitionBy(data, partitioner)],
        numPartitions: partitioner.numPartitions,
        process: (state, [pairs = []], _, skip) =>
          mapRecords(state, pairs as readonly (readonly [K, V])[], spec, time, skip),
      });
    },
  };
}

/** All keys with their states, after the batch. @param mapped the node that changes the state */
export function stateSnapshotsNode<K, S>(mapped: Node<unknown>): NodeSpec<readonly [K, S]> {
  return {
    name: 'stateSnapshots',
    parents: [mapped],
    slideMs: mapped.slideMs,
    windowMs: 0,
    lineage(time, batch) {
      const data = batch.of(mapped, time);
      if (data === undefined || mapped.state === undefined) return undefined;
      // As many as the states have, wherever this lineage is made: a worker knows of the data only that it is there.
      const numPartitions = statePartitionsOf(mapped.statePartitions, batch.numPartitions);
      // Kept at once: the state is that of this batch only until the next one.
      return kept(
        stateful<K, S, readonly [K, S]>({
          name: 'stateSnapshots',
          time,
          of: mapped.state,
          changes: false,
          parents: [data],
          numPartitions,
          process: (state) =>
            viewPartition(
              () => statesOf(state),
              () => state.size,
            ),
        }),
      );
    },
  };
}

function* statesOf<K, S>(state: StatePartition<K, S>): Generator<readonly [K, S]> {
  for (const [key, entry] of state.entries()) yield [key, entry.state];
}
