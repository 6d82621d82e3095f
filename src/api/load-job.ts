/** Loads a job file, TypeScript or JavaScript, and says in one message what is wrong with it. */

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, StreamjobError, systemCodeOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import type { Job } from './job.ts';
import { bundleJob, endBundler } from './load/bundle.ts';
import { bundleOf, isOwn, notBundled, pathOf, takeBundle } from './load/bundles.ts';
import { evaluate } from './load/evaluate.ts';
import { loadByTsx } from './load/load-by-tsx.ts';
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
    return { job: requireJob(await bundleAndLoad(absolute, log), absolute), path: absolute };
  } catch (error) {
    throw error instanceof StreamjobError ? error : loadError(error, file, absolute);
  }
}

/**
 * The default export of a file of the user's that is no job, e.g. a check of events.
 * @param file an absolute path
 * @throws StreamjobError JOB_INVALID when it cannot be loaded
 */
export async function loadExport(file: string, log: Logger): Promise<unknown> {
  try {
    return await bundleAndLoad(file, log);
  } catch (error) {
    throw error instanceof StreamjobError ? error : loadError(error, file, file);
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
  const exported = await loadDefault(file);
  if (typeof exported === 'function') return exported as BuildModule;
  return (ssc) => requireJob(exported, file).build(ssc);
}

/** Bundles a file and gives its default export. What cannot be bundled is loaded by tsx, which also finds the words for what is wrong with it. */
async function bundleAndLoad(file: string, log: Logger): Promise<unknown> {
  const bundled = await bundleJob(file);
  await endBundler();
  const ran = 'reason' in bundled ? bundled : await evaluate(bundled);
  if ('exported' in ran) {
    if (!('reason' in bundled)) takeBundle(bundled);
    return ran.exported;
  }
  notBundled(file, ran, log);
  return loadByTsx(file);
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

function loadError(error: unknown, file: string, absolute: string): StreamjobError {
  const message = messageOf(error);
  if (error instanceof Error && (error.name === 'TransformError' || message.startsWith('Transform failed'))) {
    return new StreamjobError(
      'JOB_INVALID',
      `${file} does not compile: ${message.replace(/^Transform failed with \d+ errors?:\s*/, '')}`,
      {
        where: absolute,
        hint: 'mend the syntax error at that line',
      },
    );
  }
  const code = systemCodeOf(error);
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') {
    return new StreamjobError('JOB_INVALID', `${file} imports something that cannot be found: ${firstLine(message)}`, {
      where: absolute,
      hint: 'check the path of the import (with its .ts), or install the package with npm install',
      cause: error,
    });
  }
  return new StreamjobError('JOB_INVALID', `${file} threw while it was loaded: ${firstLine(message)}`, {
    where: lineIn(error, absolute) ?? absolute,
    hint: 'mend the job file; --stack-trace shows where it came from',
    cause: error,
  });
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** The place in the job file that an error came from, as file:line:column. */
function lineIn(error: unknown, file: string): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.indexOf(file);
  return at < 0 ? undefined : /^[^\s)?]+(?:\?[^\s):]*)?(:\d+:\d+)/.exec(stack.slice(at))?.[1]?.replace(/^/, file);
}
