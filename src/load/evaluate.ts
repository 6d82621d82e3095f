/** Runs the text of a bundle in the thread that calls it. */

import { createHash } from 'node:crypto';
import { createRequire, Module } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { noteBundle } from '../core/bundles-here.ts';
import { fsSync } from '../core/machine.ts';
import type { Bundle, NotBundled } from './bundle.ts';

/**
 * What a bundle exports as its default.
 * @returns the export, or why the bundle could not be started; then nothing of it has run
 * @throws what the job threw while it was loaded
 */
export async function evaluate(bundle: Bundle): Promise<{ readonly exported: unknown } | NotBundled> {
  // Stack traces then name the user's files and lines: Node reads the source map in the text.
  process.setSourceMapsEnabled(true);
  return bundle.format === 'cjs' ? { exported: runCommonJs(bundle) } : await importModule(bundle);
}

/** Modules that were run: Node forgets the source map of a CommonJS module with the module. */
const kept: Module[] = [];

/** Node compiles a CommonJS module from its text, under the job file's own name. */
function runCommonJs({ file, text }: Bundle): unknown {
  const module = new Module(file) as Module & { _compile(text: string, file: string): void };
  module.filename = file;
  module.require = createRequire(pathToFileURL(file));
  kept.push(module);
  module._compile(text, file);
  module.loaded = true;
  return (module.exports as { default?: unknown }).default;
}

/**
 * Node reads source maps of ES modules that are files, so the text is one for a moment: in a directory of its own below that for temporary files,
 * since the job's may be read-only, or watched. Packages are named in the text by their full URLs. A kill in that moment leaves a file
 * behind that nobody looks at. Where no file can be written the text is imported as it is, and lines in errors are those of the bundle.
 */
async function importModule({ file, text }: Bundle): Promise<{ readonly exported: unknown } | NotBundled> {
  // What debuggers call it: they look for the sources beside it.
  const named = `${text}//# sourceURL=${pathToFileURL(file).href}.bundle.mjs\n`;
  const name = `job-${createHash('sha256').update(text).digest('hex').slice(0, NAME_DIGITS)}.mjs`;
  const directory = writeTemporary(name, named);
  const url =
    directory === undefined
      ? `data:text/javascript,${encodeURIComponent(named)}`
      : pathToFileURL(path.join(directory, name)).href;
  noteBundle(url);
  try {
    return { exported: ((await import(url)) as { default?: unknown }).default };
  } catch (error) {
    // Thrown before any of the job has run. The other loader tells it by the names that the job's files use.
    if (error instanceof SyntaxError && error.message.includes('requested module')) return { reason: error.message };
    throw error;
  } finally {
    if (directory !== undefined) fsSync.rmSync(directory, { recursive: true, force: true });
  }
}

const NAME_DIGITS = 16;

/** @returns the directory; undefined: there is no place for it */
function writeTemporary(name: string, text: string): string | undefined {
  let directory: string | undefined;
  try {
    directory = fsSync.mkdtempSync(path.join(tmpdir(), 'streamjob-job-'));
    fsSync.writeFileSync(path.join(directory, name), text);
    return directory;
  } catch {
    if (directory !== undefined) fsSync.rmSync(directory, { recursive: true, force: true });
    return undefined;
  }
}
