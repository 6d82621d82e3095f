/** An operator as people name it: by its number, or by its name where no other one has it. */
import type { ObservedOperator } from './observed.ts';

/**
 * @param asked a number, or a name
 * @returns the operator; or, as a text, why there is none
 * @example operatorOf(operators, 'reduceByKey')
 */
export function operatorOf(operators: readonly ObservedOperator[], asked: string): ObservedOperator | string {
  const byNumber = /^\d{1,9}$/.test(asked) ? operators.find(({ id }) => id === Number(asked)) : undefined;
  if (byNumber !== undefined) return byNumber;
  const named = operators.filter(({ name }) => name === asked);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  const list = (named.length > 0 ? named : operators).slice(0, MOST).map(nameOf).join(', ');
  return named.length > 0
    ? `several operators are called ${asked}, say which by its number: ${list}`
    : `there is no operator ${asked.slice(0, 100)}; there are ${list}`;
}

/** How many are named in an answer. */
const MOST = 40;

/** @example nameOf(operator) // '3 map (jobs/wordcount.ts:12:6)' */
export function nameOf({ id, name, site }: Pick<ObservedOperator, 'id' | 'name' | 'site'>): string {
  return `${id} ${name}${site === undefined ? '' : ` (${site})`}`;
}
