/** Functions of vectors: JavaScript arrows as text. They come from a file that the caller names, and are run as such. */
export type Fn = (...args: never[]) => never;

/** @param source an arrow function */
export function compile(source: string | undefined): Fn {
  if (source === undefined) throw new Error('the vector has no function here');
  // The text is the test's own data: this is what a vectors file is.
  return new Function(`'use strict'; return (${source});`)() as Fn;
}

export function compileOptional(source: string | undefined): Fn | undefined {
  return source === undefined ? undefined : compile(source);
}
