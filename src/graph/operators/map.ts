/** map: one value for each value. */
import { requireSync } from '../functions.ts';
import type { Step } from '../lineage.ts';

/** @param name the operator as errors call it */
export function mapStep<T, U>(fn: (value: T) => U, name = 'map'): Step<T, U> {
  return {
    name,
    open: (_, down) => ({
      push: (value) => down.push(requireSync(fn(value), name)),
      end: () => down.end(),
    }),
  };
}
