/**
 * Steps whose failures cost one value, not the batch. Each step is guarded by itself, so that the error names the operator that
 * threw, and what it gave for the value before it threw is taken back. Used only when the policy is to leave values out.
 */

import type { StreamjobError } from '../../core/errors.ts';
import { SKIP_HINT, userError } from '../../graph/functions.ts';
import type { Operator, Sink, Skip, Step } from '../../graph/lineage.ts';

/**
 * A step opened behind a guard.
 * @param skip takes the value that its function threw on, with the error
 * @throws what `skip` throws; USER_FUNCTION when the function is one over the whole partition, and threw at its end
 */
export function guarded(step: Step<unknown, unknown>, index: number, down: Sink<unknown>, skip: Skip): Sink<unknown> {
  // What the step gives is held until its function has returned: what comes after it must not run inside its guard.
  let given: unknown[] = [];
  const inner = step.open(index, {
    push: (value) => {
      given.push(value);
    },
    end() {},
  });
  const hand = (): void => {
    if (given.length === 0) return;
    const values = given;
    given = [];
    for (const each of values) down.push(each);
  };
  return {
    push(value) {
      try {
        inner.push(value);
      } catch (error) {
        given = [];
        return skip(step, value, error);
      }
      hand();
    },
    end() {
      try {
        inner.end();
      } catch (error) {
        throw userError(error, step);
      }
      hand();
      down.end();
    },
  };
}

/** A step and which partition of its RDD it is opened on. */
export interface BoundStep {
  readonly step: Step<unknown, unknown>;
  readonly index: number;
}

/**
 * The error of a partition's fused steps with the operator that threw and the value that it was given. While nothing fails, nobody keeps
 * track of that: here the last value goes through the steps once more, each behind a guard of its own.
 * @param last the value that came last from below the steps @param into the operator that takes what the steps give
 */
export function blamed(steps: readonly BoundStep[], last: unknown, error: unknown, into?: Operator): StreamjobError {
  let found: { readonly operator: Operator; readonly value: unknown } | undefined;
  let passed: { readonly value: unknown } | undefined;
  let sink: Sink<unknown> = {
    push(value) {
      passed ??= { value };
    },
    end() {},
  };
  try {
    for (const { step, index } of [...steps].reverse()) {
      sink = guarded(step, index, sink, (operator, value) => {
        found ??= { operator, value };
      });
    }
    sink.push(last);
  } catch {
    // What it shows is all that is wanted.
  }
  if (found !== undefined) return userError(error, found.operator, found, SKIP_HINT);
  const [only] = steps;
  const operator = into ?? (steps.length === 1 ? only?.step : undefined);
  if (operator !== undefined) return userError(error, operator, into === undefined ? undefined : passed);
  return userError(error, {
    name: steps.map(({ step }) => step.name).join(' > ') || 'source',
    site: steps.at(-1)?.step.site,
  });
}

/** The function may be a user's comparator or partitioner: what it throws names the operator. */
export function byUser<T>(operator: Operator, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw userError(error, operator);
  }
}
