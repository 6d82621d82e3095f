/** Loads a file of the user's, TypeScript or JavaScript: a job, or a component of an agent. */
import { createHash } from 'node:crypto';
import { systemCodeOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { fsSync } from '../core/machine.ts';
import { type Bundle, bundleJob } from './bundle.ts';
import { notBundled } from './bundles.ts';
import { evaluate } from './evaluate.ts';
import { loadByTsx } from './load-by-tsx.ts';

/** What a file exports. */
export interface LoadedFile {
  /** Its default export. */
  readonly exported: unknown;
  /** What it was loaded from; undefined when tsx has loaded it. */
  readonly bundle: Bundle | undefined;
  /** Another one when the file, or one of its own that it imports, has changed. */
  readonly version: string;
}

/**
 * Bundles a file and runs it. What cannot be bundled is loaded by tsx, which also finds the words for what is wrong with it.
 * @param file an absolute path
 * @param known what was loaded of it before: it is given again, and not run again, when nothing has changed
 * @throws what the file threw, what tsx cannot compile, and imports that are not there
 * @example const { exported } = await loadFile('/srv/jobs/count.ts', log);
 */
export async function loadFile(file: string, log: Logger, known?: LoadedFile): Promise<LoadedFile> {
  const bundled = await bundleJob(file);
  const missing = 'reason' in bundled ? /Could not resolve "([^"]+)"/.exec(bundled.reason)?.[1] : undefined;
  if (!('reason' in bundled)) {
    const version = createHash('sha256').update(bundled.text).digest('hex');
    if (known?.version === version) return known;
    const ran = await evaluate(bundled);
    if ('exported' in ran) return { exported: ran.exported, bundle: bundled, version };
    notBundled(file, ran, log);
  } else {
    notBundled(file, bundled, log);
  }
  // Node keeps what tsx has loaded for as long as the process runs: it is the same, whatever has become of the file.
  const version = createHash('sha256').update(fsSync.readFileSync(file)).digest('hex');
  try {
    return { exported: await loadByTsx(file), bundle: undefined, version: known?.version ?? version };
  } catch (error) {
    // In a package without "type": "module" tsx tells of a cycle when an import is not there.
    if (missing === undefined || systemCodeOf(error) !== 'ERR_REQUIRE_CYCLE_MODULE') throw error;
    const text = `Cannot find package '${missing}' imported from ${file}`;
    throw Object.assign(new Error(text, { cause: error }), { code: 'MODULE_NOT_FOUND' });
  }
}
