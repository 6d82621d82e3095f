/** Calls of the user's functions: an error tells the operator it came from, and a promise is refused. */
import { userFrame } from '../core/call-site.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { shown } from '../core/plain-json.ts';
import type { Operator } from './lineage.ts';

/**
 * What the compiler says to a promise where a value is needed. It stands in the place of the type that the function should return, so that
 * tsc prints it: Type 'Promise<number>' is not assignable to type '"an async function cannot be used here: …"'.
 */
type NoPromises =
  'an async function cannot be used here: its batch would not wait for it; do asynchronous work in mapAsync or foreachRDD';

/**
 * What a function may return whose result of type `U` is used at once: anything but a promise. `any` is let through: nothing is known of it.
 * @example
 * declare function map<U>(fn: () => Sync<U>): U; // map(() => 1) is a number; map(async () => 1) does not compile
 */
export type Sync<U> = 0 extends 1 & U ? U : [Extract<U, PromiseLike<unknown>>] extends [never] ? U : NoPromises;

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

/** What to do about a value that a function throws on. */
export const SKIP_HINT =
  "mend the function; with onPoison: 'skip' (--on-poison skip) values that it throws on are left out and written to a file";

/** The user's line that something was thrown at; else that of the operator, as file:line:column. */
export function placeOf(thrown: unknown, { site }: Operator): string | undefined {
  return (thrown instanceof Error ? userFrame(thrown.stack) : undefined) ?? site;
}

/**
 * An error of a user's function with the operator's name and the user's line. Errors of ours keep what they say, and get the line when
 * they have the operator's name only.
 * @param on the value that the function was called with
 * @param hint what helps; default: nothing is said
 */
export function userError(
  thrown: unknown,
  operator: Operator,
  on?: { readonly value: unknown },
  hint?: string,
): StreamjobError {
  const { name, site } = operator;
  if (thrown instanceof StreamjobError) {
    const { code, message, where } = thrown;
    if (site === undefined || where !== name) return thrown;
    const details = { ...(thrown.hint === undefined ? {} : { hint: thrown.hint }), cause: thrown.cause };
    return new StreamjobError(code, message, { ...details, where: `${name} at ${site}` });
  }
  const place = placeOf(thrown, operator);
  const value = on === undefined ? '' : ` (on ${shown(on.value)})`;
  return new StreamjobError('USER_FUNCTION', `the function of ${name} threw: ${messageOf(thrown)}${value}`, {
    where: place === undefined ? name : `${name} at ${place}`,
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  });
}
