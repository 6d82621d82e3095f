/** Where a module of ours is that is loaded by its URL, from the sources and from what is built of them. */

/** Whether the module of `base` runs from the sources: so it does in our own tests. @param base an `import.meta.url` */
export function isSource(base: string): boolean {
  return base.endsWith('.ts');
}

/**
 * TypeScript rewrites the endings of imports, but not of URLs.
 * @param path relative to `base`, without its ending
 * @example moduleUrl(import.meta.url, '../../worker') // file:///…/dist/worker.js
 */
export function moduleUrl(base: string, path: string): URL {
  return new URL(`${path}.${isSource(base) ? 'ts' : 'js'}`, base);
}
