/** Where this package's own code is: in src/, where it runs from its sources (our own tests), or in dist/, in the few files that are built of them. */

/** Whether the code runs from its sources. */
export const FROM_SOURCE: boolean = import.meta.url.endsWith('.ts');

/** The URL of the directory that holds all of the package's code: `src/` or `dist/`. */
export const OWN_CODE: URL = new URL(FROM_SOURCE ? '..' : '.', import.meta.url);

/**
 * The URL of a module of ours that is loaded by its URL. TypeScript rewrites the endings of imports, but not of URLs.
 * @param name one of the modules that stand in src/ itself, without its ending
 * @example moduleUrl('worker') // file:///…/dist/worker.js
 */
export function moduleUrl(name: string): URL {
  return new URL(`${name}.${FROM_SOURCE ? 'ts' : 'js'}`, OWN_CODE);
}
