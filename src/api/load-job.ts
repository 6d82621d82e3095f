/** Loads a job file, TypeScript or JavaScript, and says in one message what is wrong with it. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import { endBundler } from '../load/bundle.ts';
import { bundleOf, isOwn, pathOf, takeBundle } from '../load/bundles.ts';
import { evaluate } from '../load/evaluate.ts';
import { loadByTsx } from '../load/load-by-tsx.ts';
import { loadError } from '../load/load-error.ts';
import { loadFile } from '../load/load-file.ts';
import type { Job } from './job.ts';
import type { StreamingContext } from './streaming-context.ts';

/**
 * @param file as the user wrote it, relative to the working directory
 * @param log is told at level debug why the file could not be bundled
 * @throws StreamjobError JOB_NOT_FOUND, JOB_INVALID
 */
export async function loadJob(file: string, log: Logger): Promise<{ job: Job; path: string }> {
  const absolute = path.resolve(file);
  if (fsSync.statSync(absolute, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new StreamjobError('JOB_NOT_FOUND', `there is no job file ${file}`, {
      where: absolute,
      hint: 'give the path of a job file, e.g. streamjob run jobs/wordcount.ts',
    });
  }
  try {
    const { exported, bundle } = await loadFile(absolute, log);
    if (bundle !== undefined) takeBundle(bundle);
    return { job: requireJob(exported, absolute), path: absolute };
  } catch (error) {
    throw error instanceof StreamjobError ? error : loadError('JOB_INVALID', error, file, absolute);
  } finally {
    await endBundler();
  }
}

/** What a worker builds a job with. @param data what a function gets beside the context; a job gets nothing */
export type BuildModule = (ssc: StreamingContext, data: unknown) => unknown;

/**
 * The build function of a module whose default export is a job, or the function itself.
 * @param module a path or a file URL
 * @throws StreamjobError JOB_NOT_FOUND, JOB_INVALID
 */
export async function loadJobModule(module: string): Promise<BuildModule> {
  const file = pathOf(module);
  return buildOf(knownModules.has(file) ? knownModules.get(file) : await loadDefault(file), file);
}

/** Default exports that this process has without loading their files. */
const knownModules = new Map<string, unknown>();

/** For a program that has a module in it: its file is not there. */
export function knowModule(file: string, exported: unknown): void {
  knownModules.set(file, exported);
}

/** What builds a job. @param file for the error @throws StreamjobError JOB_INVALID */
export function buildOf(exported: unknown, file: string): BuildModule {
  if (typeof exported === 'function') return exported as BuildModule;
  return (ssc) => requireJob(exported, file).build(ssc);
}

/** The default export of a module, in a thread that bundles nothing. */
async function loadDefault(file: string): Promise<unknown> {
  // Ours is JavaScript, or this thread has a loader for it.
  if (isOwn(file)) return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
  const bundle = bundleOf(file);
  const ran = bundle && (await evaluate(bundle));
  return ran !== undefined && 'exported' in ran ? ran.exported : loadByTsx(file);
}

function requireJob(exported: unknown, file: string): Job {
  if (typeof exported === 'object' && exported !== null && 'kind' in exported && exported.kind === 'streamjob.job') {
    return exported as Job;
  }
  throw new StreamjobError('JOB_INVALID', 'the job file exports no job', {
    where: file,
    hint: "export one as the default: export default defineJob({ name: 'count', batchInterval: '1s' }, (ssc) => { … })",
  });
}
