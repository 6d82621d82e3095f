/** Calls of the user's functions: an error tells the operator it came from, and a promise is refused. */
import { messageOf, StreamjobError } from '../core/errors.ts';

/**
 * Makes a type error of a promise where a value is needed: the error shows the text as a missing argument.
 * @example
 * declare function map<U>(fn: () => U, ...sync: Sync<U>): void; // map(async () => 1) does not compile
 */
export type Sync<U> = 0 extends 1 & U
  ? // any: nothing is known of it, so nothing is said against it
    []
  : [U] extends [never]
    ? []
    : [U] extends [PromiseLike<unknown>]
      ? [error: 'an async function cannot be used here: its batch would not wait for it']
      : [];

/** Literal types made wide, so that `[word, 1] as const` can be added up to a number. */
export type Widen<V> = V extends number
  ? number
  : V extends string
    ? string
    : V extends boolean
      ? boolean
      : V extends bigint
        ? bigint
        : V;

/** Throws ASYNC_FUNCTION when `value` is a promise. A rejection of it is swallowed: it is being reported here. */
export function requireSync<U>(value: U, operator: string): U {
  // Arrays first: looking for a method along their prototypes costs more than most functions do.
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if ('then' in value && typeof value.then === 'function') {
    void Promise.resolve(value).catch(() => {});
    throw new StreamjobError('ASYNC_FUNCTION', `the function of ${operator} returned a promise`, {
      where: operator,
      hint: 'functions of operators are synchronous; do asynchronous work in mapAsync, or in foreachRDD, whose promise the batch waits for',
    });
  }
  return value;
}

/** An error of a user's function with the operator's name; errors of ours pass as they are. */
export function userError(thrown: unknown, operator: string): StreamjobError {
  if (thrown instanceof StreamjobError) return thrown;
  return new StreamjobError('USER_FUNCTION', `the function of ${operator} threw: ${messageOf(thrown)}`, {
    where: operator,
    cause: thrown,
  });
}
