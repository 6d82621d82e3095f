/** filter: the values that a predicate holds for. */
import { requireSync } from '../functions.ts';
import type { Step } from '../lineage.ts';

export function filterStep<T>(predicate: (value: T) => boolean): Step<T, T> {
  return {
    name: 'filter',
    open: (_, down) => ({
      push: (value) => {
        if (requireSync(predicate(value), 'filter')) down.push(value);
      },
      end: () => down.end(),
    }),
  };
}
