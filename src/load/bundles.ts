/** The bundles of job files that this thread has made or been given, for itself and for worker threads. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../core/log.ts';
import { OWN_CODE } from '../core/module-url.ts';
import type { Bundle, NotBundled } from './bundle.ts';
import { bundleJob } from './bundle.ts';

/** Bundles of job files that this thread has made or been given, by the files' paths. */
const bundles = new Map<string, Bundle>();

/** The bundle of a file, if this thread has it. */
export function bundleOf(file: string): Bundle | undefined {
  return bundles.get(file);
}

/** Takes the bundle that another thread has made of a file: it is what `loadJobModule` loads. */
export function takeBundle(bundle: Bundle): void {
  bundles.set(bundle.file, bundle);
}

/**
 * The bundle of a module for worker threads: the one that the job was loaded from, or a new one.
 * @param module a path or a file URL
 * @returns undefined when it cannot be bundled: the reason is in the log
 */
export async function bundleForWorkers(module: string, log: Logger): Promise<Bundle | undefined> {
  const file = pathOf(module);
  const known = bundles.get(file);
  if (known !== undefined || isOwn(file)) return known;
  const bundled = await bundleJob(file);
  if (!('reason' in bundled)) return bundled;
  notBundled(file, bundled, log);
  return undefined;
}

export function notBundled(file: string, { reason }: NotBundled, log: Logger): void {
  log.debug({ file, reason }, 'the job file is not bundled: it is loaded by tsx, which takes longer and more memory');
}

export function pathOf(module: string): string {
  return path.resolve(module.startsWith('file:') ? fileURLToPath(module) : module);
}

export function isOwn(file: string): boolean {
  return file.startsWith(fileURLToPath(OWN_CODE));
}
