/** The files that a job is made of: those that its bundle is made of, and, where it cannot be bundled, those that were looked at until then. */
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { fsSync } from '../core/machine.ts';
import { bundler, optionsFor } from './bundle.ts';
import { isCommonJs } from './module-kind.ts';

/**
 * The files of a job. Nothing of the job runs.
 * @param file the job, an absolute path
 * @returns absolute paths, sorted, the job's among them, and those of imports that are not there; installed packages are not
 * @example await filesOfJob('/srv/jobs/count.ts') // ['/srv/jobs/count.ts', '/srv/jobs/shared/words.ts']
 */
export async function filesOfJob(file: string): Promise<string[]> {
  const found = new Set([file]);
  const note: Plugin = {
    name: 'note-files',
    setup: (build) => {
      // One that is not there may come.
      build.onResolve({ filter: /^\.\.?\//, namespace: 'file' }, ({ path: asked, resolveDir }) => {
        const file = path.resolve(resolveDir, asked);
        if (path.extname(file) !== '' && !fsSync.existsSync(file)) found.add(file);
        return undefined;
      });
      build.onLoad({ filter: /.*/, namespace: 'file' }, ({ path: loaded }) => {
        found.add(path.resolve(loaded));
        // The plugins behind this one load it.
        return undefined;
      });
    },
  };
  try {
    const options = optionsFor(file, isCommonJs(file) ? 'cjs' : 'esm');
    await bundler().build({ ...options, plugins: [note, ...(options.plugins ?? [])] });
  } catch {
    // What is wrong with the job is said by who loads it.
  }
  return [...found].sort();
}
