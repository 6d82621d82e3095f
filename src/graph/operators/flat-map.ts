/** flatMap: any number of values for each value. */
import { StreamjobError } from '../../core/errors.ts';
import { requireSync } from '../functions.ts';
import type { Step } from '../lineage.ts';

export function flatMapStep<T, U>(fn: (value: T) => Iterable<U>): Step<T, U> {
  return {
    name: 'flatMap',
    open: (_, down) => ({
      push: (value) => {
        const values = requireSync(fn(value), 'flatMap');
        // The common case, and much the faster one.
        if (Array.isArray(values)) for (let i = 0; i < values.length; i++) down.push(values[i]);
        else for (const each of iterable(values)) down.push(each);
      },
      end: () => down.end(),
    }),
  };
}

function iterable<U>(values: Iterable<U>): Iterable<U> {
  if (typeof values?.[Symbol.iterator] === 'function') return values;
  throw new StreamjobError(
    'USER_FUNCTION',
    `the function of flatMap returned ${typeof values}, not something to iterate`,
    {
      where: 'flatMap',
      hint: 'return an array or another iterable; an empty one for nothing',
    },
  );
}
