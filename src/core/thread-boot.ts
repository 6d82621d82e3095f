/** How a thread of ours begins: our sources, in our own tests, need loaders first, and what a thread begins with is plain JavaScript. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { FROM_SOURCE } from './module-url.ts';

/** What a thread's data has beside its own. */
export interface BootData {
  readonly loaders: readonly string[];
  /** The URL of its module. */
  readonly entry: string;
}

/** The thread's first code. */
export const BOOT = `
  const { workerData: { loaders, entry } } = require('node:worker_threads');
  const ready = Promise.all(loaders.map((loader) => import(loader).then(({ register }) => register())));
  ready.then(() => import(entry));
`;

/** Of Node, for the thread. */
export const BOOT_ARGUMENTS: readonly string[] = FROM_SOURCE ? ['--conditions=streamjob-source'] : [];

/** @param entry the URL of the thread's module */
export function bootData(entry: string): BootData {
  return { loaders: FROM_SOURCE ? [loaderUrl('tsx/esm/api'), loaderUrl('tsx/cjs/api')] : [], entry };
}

/** The ES module: the one that `require` finds does not register where another loader is at work already. */
function loaderUrl(loader: string): string {
  const required = createRequire(import.meta.url).resolve(loader);
  return pathToFileURL(required.replace(/\.cjs$/, '.mjs')).href;
}
