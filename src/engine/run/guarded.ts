/**
 * Steps whose failures cost one value, not the batch. Each step is guarded by itself, so that the error names the operator that
 * threw, and what it gave for the value before it threw is taken back. Used only when the policy is to leave values out.
 */
import { userError } from '../../graph/functions.ts';
import type { Sink, Skip, Step } from '../../graph/lineage.ts';

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
        return skip(step.name, value, error);
      }
      hand();
    },
    end() {
      try {
        inner.end();
      } catch (error) {
        throw userError(error, step.name);
      }
      hand();
      down.end();
    },
  };
}
