/** A window without an inverse: each key keeps its slices in a queue that knows their reduction. */
import { requireSync } from '../functions.ts';
import type { StateCodec, StatePartition } from '../state/form.ts';
import type { ReducedWindow, WindowStep } from './reduced-window.ts';

/**
 * A queue that knows the reduction of what is in it, at a constant cost per step: two stacks, of which the front one has
 * the reduction of all behind each item. It is never changed in place, so that a batch that is given up leaves it as it was.
 */
export interface TwoStacks<V> {
  readonly front: FrontItem<V> | undefined;
  readonly back: BackItem<V> | undefined;
  /** The reduction of `back`. */
  readonly backValue: V | undefined;
}

interface FrontItem<V> {
  readonly time: number;
  /** Of this item and all younger ones in the front. */
  readonly value: V;
  readonly next: FrontItem<V> | undefined;
}

interface BackItem<V> {
  readonly time: number;
  readonly value: V;
  readonly next: BackItem<V> | undefined;
}

/** Without an inverse: a key's state is the queue of its slices. */
export function twoStacksAlgebra<K, V>({
  fn,
}: ReducedWindow<K, V>): {
  step(state: StatePartition<K, TwoStacks<V>>, step: WindowStep<K, V>): void;
  value(state: TwoStacks<V>): V;
  readonly codec: StateCodec<TwoStacks<V>>;
} {
  const merge = (a: V, b: V): V => requireSync(fn(a, b), 'reduceByKeyAndWindow');
  const flip = (queue: TwoStacks<V>): TwoStacks<V> => {
    let front: FrontItem<V> | undefined;
    for (let item = queue.back; item !== undefined; item = item.next) {
      front = {
        time: item.time,
        value: front === undefined ? item.value : merge(item.value, front.value),
        next: front,
      };
    }
    return { front, back: undefined, backValue: undefined };
  };
  const evict = (queue: TwoStacks<V>, oldest: number): TwoStacks<V> => {
    let left = queue;
    for (;;) {
      if (left.front === undefined) {
        if (left.back === undefined) return left;
        left = flip(left);
      }
      if (left.front === undefined || left.front.time > oldest) return left;
      left = { ...left, front: left.front.next };
    }
  };
  const push = (queue: TwoStacks<V>, time: number, value: V): TwoStacks<V> => ({
    front: queue.front,
    back: { time, value, next: queue.back },
    backValue: queue.back === undefined ? value : merge(queue.backValue as V, value),
  });
  return {
    codec: twoStacksCodec(),
    value: ({ front, back, backValue }) => {
      if (front === undefined) return backValue as V;
      return back === undefined ? front.value : merge(front.value, backValue as V);
    },
    step(state, { leaving, entering, oldest, time }) {
      for (const pairs of leaving) {
        for (const [key] of pairs) {
          const before = state.get(key);
          if (before === undefined) continue;
          const left = evict(before.state, oldest);
          if (left.front === undefined && left.back === undefined) state.delete(key);
          else if (left !== before.state) state.set(key, left, time);
        }
      }
      for (const slice of entering) {
        for (const [key, value] of slice.pairs) {
          const before = state.get(key)?.state ?? { front: undefined, back: undefined, backValue: undefined };
          state.set(key, push(before, slice.time, value), time);
        }
      }
    },
  };
}

/** The items of both stacks as flat lists: a chain of objects would be as deep as the window has slices. */
function twoStacksCodec<V>(): StateCodec<TwoStacks<V>> {
  const list = (item: FrontItem<V> | undefined): [number, V][] => {
    const items: [number, V][] = [];
    for (let next = item; next !== undefined; next = next.next) items.push([next.time, next.value]);
    return items;
  };
  const chain = (items: readonly (readonly [number, V])[]): FrontItem<V> | undefined =>
    items.reduceRight<FrontItem<V> | undefined>((next, [time, value]) => ({ time, value, next }), undefined);
  return {
    encode: ({ front, back, backValue }) => [list(front), list(back), backValue],
    decode: (stored) => {
      const [front, back, backValue] = stored as [[number, V][], [number, V][], V | undefined];
      return { front: chain(front), back: chain(back), backValue };
    },
  };
}
