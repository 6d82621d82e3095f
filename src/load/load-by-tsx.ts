/** Loads a job file that cannot be bundled: tsx compiles each file when Node asks for it. It takes a thread, some 18 MB, and a fifth of a second. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { isCommonJs } from './module-kind.ts';

/**
 * The default export of a module. A package without `"type": "module"` has CommonJS files, also in TypeScript: they are
 * loaded as such, since Node takes no part of an ES module graph for CommonJS.
 * @param file an absolute path
 */
export async function loadByTsx(file: string): Promise<unknown> {
  // Loaders stay for as long as the process: a job may import more while it runs.
  if (isCommonJs(file)) {
    (await import('tsx/cjs/api')).register();
    return (createRequire(import.meta.url)(file) as { default?: unknown }).default;
  }
  (await import('tsx/esm/api')).register();
  return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
}
