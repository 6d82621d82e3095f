/** Loads a job file, TypeScript or JavaScript, and says in one message what is wrong with it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Job } from './api/job.ts';
import type { StreamingContext } from './api/streaming-context.ts';
import { messageOf, StreamjobError, systemCodeOf } from './core/errors.ts';

/**
 * @param file as the user wrote it, relative to the working directory
 * @throws StreamjobError JOB_NOT_FOUND, JOB_INVALID
 */
export async function loadJob(file: string): Promise<{ job: Job; path: string }> {
  const absolute = path.resolve(file);
  if (statSync(absolute, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new StreamjobError('JOB_NOT_FOUND', `there is no job file ${file}`, {
      where: absolute,
      hint: 'give the path of a job file, e.g. streamjob run jobs/wordcount.ts',
    });
  }
  try {
    return { job: requireJob(await loadDefault(absolute), absolute), path: absolute };
  } catch (error) {
    throw error instanceof StreamjobError ? error : loadError(error, file, absolute);
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
  const file = module.startsWith('file:') ? fileURLToPath(module) : module;
  const exported = await loadDefault(file);
  if (typeof exported === 'function') return exported as BuildModule;
  return (ssc) => requireJob(exported, file).build(ssc);
}

/**
 * The default export of a module. A package without `"type": "module"` has CommonJS files, also in TypeScript: they are
 * loaded as such, since Node takes no part of an ES module graph for CommonJS.
 */
async function loadDefault(file: string): Promise<unknown> {
  // Loaders stay for as long as the process: a job may import more while it runs.
  if (isCommonJs(file)) {
    (await import('tsx/cjs/api')).register();
    return (createRequire(import.meta.url)(file) as { default?: unknown }).default;
  }
  (await import('tsx/esm/api')).register();
  return ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
}

/** As Node and TypeScript decide it: by the ending, else by the nearest package.json. */
function isCommonJs(file: string): boolean {
  if (/\.[cm][jt]s$/.test(file)) return /\.c[jt]s$/.test(file);
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (existsSync(manifest))
      return (JSON.parse(readFileSync(manifest, 'utf8')) as { type?: string }).type !== 'module';
    // Without any package Node decides by the syntax, and a job has import and export.
    if (directory === path.dirname(directory)) return false;
  }
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
