/** flatMap: any number of values for each value. */
import { StreamjobError } from '../../core/errors.ts';
import { requireSync } from '../functions.ts';
import type { Step } from '../lineage.ts';

/** @param name the operator as errors call it */
export function flatMapStep<T, U>(fn: (value: T) => Iterable<U>, name = 'flatMap'): Step<T, U> {
  return {
    name,
    open: (_, down) => ({
      push: (value) => {
        const values = requireSync(fn(value), name);
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
