/** Windows over reduced pairs that take in what enters and put out what leaves, with an inverse or with two stacks. */
import { StreamjobError } from '../../core/errors.ts';
import { requireSync } from '../functions.ts';
import { KeyedMap } from '../keys.ts';
import { type Lineage, partitionCount, viewPartition } from '../lineage.ts';
import type { BatchView, Node, NodeSpec } from '../node.ts';
import {
  type StateCodec,
  type StatePartition,
  type StateSpecification,
  statePartitioner,
  statePartitionsOf,
} from '../state/form.ts';
import { partitionBy } from './arrange.ts';
import { stateful } from './stateful.ts';

/** What a reduced window is made by. */
export interface ReducedWindow<K, V> {
  readonly windowMs: number;
  readonly slideMs: number;
  readonly fn: (a: V, b: V) => V;
  /** Takes what leaves out of what there is; without it each key keeps its slices, reduced in two stacks. */
  readonly inverse: ((a: V, b: V) => V) | undefined;
  /** Keys that it does not hold for leave; with an inverse only. */
  readonly filter: ((pair: readonly [K, V]) => boolean) | undefined;
  readonly numPartitions: number | undefined;
}

/** How one partition's state takes a step of the window. */
export interface WindowStep<K, V> {
  /** Reduced pairs that leave the window, oldest slice first. */
  readonly leaving: readonly (readonly (readonly [K, V])[])[];
  readonly entering: readonly { readonly time: number; readonly pairs: readonly (readonly [K, V])[] }[];
  /** Slices up to this time are out of the window. */
  readonly oldest: number;
  readonly time: number;
}

/**
 * A window over reduced pairs that takes in what enters and puts out what leaves, at a cost that follows the keys of both.
 * @param parent pairs reduced by key in each batch, by the keys' buckets
 */
export function reducedWindowNode<K, V, S>(
  parent: Node<readonly [K, V]>,
  window: Pick<ReducedWindow<K, V>, 'windowMs' | 'slideMs' | 'numPartitions'>,
  algebra: {
    step(state: StatePartition<K, S>, step: WindowStep<K, V>): void;
    value(state: S): V;
    readonly codec?: StateCodec<S>;
  },
  operator: string,
): NodeSpec<readonly [K, V]> {
  const { windowMs, slideMs } = window;
  // With another window, or without the inverse that there was, the state is made anew from the slices.
  const shape = `${windowMs}/${slideMs}${algebra.codec === undefined ? '' : ' two stacks'}`;
  const form = { kind: 'reduceByKeyAndWindow', shape, rebuildable: true };
  const own: StateSpecification = { operator, form, codec: algebra.codec };
  /** The slices in (from, to]. One that was remembered by a run with another number of partitions is dealt out anew. */
  const between = (batch: BatchView, from: number, to: number): { time: number; data: Lineage<readonly [K, V]> }[] =>
    batch.times(parent, from, to).flatMap((time) => {
      const data = batch.of(parent, time);
      if (data === undefined) return [];
      const count = statePartitionsOf(window.numPartitions, batch.numPartitions);
      return [{ time, data: partitionCount(data) === count ? data : partitionBy(data, statePartitioner(count)) }];
    });
  return {
    name: 'reduceByKeyAndWindow',
    parents: [parent],
    slideMs,
    // What leaves is read once more, one slide after it was last in the window.
    windowMs: windowMs + slideMs,
    state: own,
    statePartitions: window.numPartitions,
    lineage(time, batch) {
      const last = batch.lastCommitted(own);
      // After batches that were given up, or ticks that were passed over, the window is made anew from its slices.
      const anew = last === undefined || time - last > slideMs;
      // No more than the window held: where it is shorter than its slide, some slices are never in it.
      const leaving = anew ? [] : between(batch, last - windowMs, Math.min(last, time - windowMs));
      const entering = between(batch, anew ? time - windowMs : Math.max(last, time - windowMs), time);
      return stateful<K, S, readonly [K, V]>({
        name: 'reduceByKeyAndWindow',
        time,
        of: own,
        changes: true,
        parents: [...leaving, ...entering].map(({ data }) => data),
        numPartitions: statePartitionsOf(window.numPartitions, batch.numPartitions),
        process(state, inputs) {
          const slices = inputs as readonly (readonly (readonly [K, V])[])[];
          if (anew) for (const [key] of [...state.entries()]) state.delete(key);
          algebra.step(state, {
            time,
            oldest: time - windowMs,
            leaving: slices.slice(0, leaving.length),
            entering: entering.map((slice, i) => ({ time: slice.time, pairs: slices[leaving.length + i] ?? [] })),
          });
          return viewPartition(
            () => valuesOf(state, algebra.value),
            () => state.size,
          );
        },
      });
    },
  };
}

function* valuesOf<K, V, S>(state: StatePartition<K, S>, value: (state: S) => V): Generator<readonly [K, V]> {
  for (const [key, entry] of state.entries()) yield [key, value(entry.state)];
}

/** With an inverse: a key's state is its value. */
export function inverseAlgebra<K, V>({
  fn,
  inverse,
  filter,
}: ReducedWindow<K, V>): {
  step(state: StatePartition<K, V>, step: WindowStep<K, V>): void;
  value(state: V): V;
} {
  const add = (into: KeyedMap<K, { old?: V; new?: V }>, key: K, side: 'old' | 'new', value: V): void => {
    const change = (into.find(key) ?? into.add(key, {}))[1];
    change[side] = side in change ? requireSync(fn(change[side] as V, value), 'reduceByKeyAndWindow') : value;
  };
  return {
    value: (state) => state,
    step(state, { leaving, entering, time }) {
      const changed = new KeyedMap<K, { old?: V; new?: V }>();
      for (const pairs of leaving) for (const [key, value] of pairs) add(changed, key, 'old', value);
      for (const { pairs } of entering) for (const [key, value] of pairs) add(changed, key, 'new', value);
      for (const [key, change] of changed.entries()) {
        const before = state.get(key);
        let value: V;
        if (before === undefined) {
          if (!('new' in change)) throw missingKey(key);
          value = change.new as V;
        } else {
          value = before.state;
          if ('old' in change) value = requireSync((inverse ?? fn)(value, change.old as V), 'reduceByKeyAndWindow');
          if ('new' in change) value = requireSync(fn(value, change.new as V), 'reduceByKeyAndWindow');
        }
        if (filter !== undefined && !requireSync(filter([key, value]), 'reduceByKeyAndWindow')) state.delete(key);
        else state.set(key, value, time);
      }
    },
  };
}

function missingKey(key: unknown): StreamjobError {
  return new StreamjobError(
    'USER_FUNCTION',
    `neither previous window has value for key, nor new values found: ${String(key)}`,
    {
      where: 'reduceByKeyAndWindow',
      hint: 'the filter may drop a key only when it has left the window: test for the value that the inverse leaves, such as a count of 0',
    },
  );
}
