/**
 * A job file and the files of its own that it imports, as one text of JavaScript. It is made once, in the main thread, by esbuild; the main
 * thread and each worker thread then run the same text (evaluate.ts). Installed packages stay outside of it and are loaded by Node, so that
 * streamjob's classes, and those of any package, are there once. What esbuild cannot bundle is loaded by tsx, with the reason in the log.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message } from 'esbuild';
import { messageOf } from '../core/errors.ts';
import { jobFiles, MODULE_FACTS } from './bundle-plugin.ts';
import { isCommonJs } from './module-kind.ts';

/** A bundled job: plain data, so that it can be handed to a worker thread. */
export interface Bundle {
  /** The path of the job file. */
  readonly file: string;
  /** How the text is run: as the job file's package says for the file itself. */
  readonly format: 'cjs' | 'esm';
  /** JavaScript, with its source map in it. */
  readonly text: string;
}

/** Why there is no bundle. */
export interface NotBundled {
  readonly reason: string;
}

/** Bundles under way that somebody will ask for. */
const ahead = new Map<string, Promise<Bundle | NotBundled>>();

/** Begins to bundle a job file, whose bundle `bundleJob` gives then. @param file relative to the working directory */
export function bundleAhead(file: string): void {
  const absolute = path.resolve(file);
  ahead.set(absolute, makeBundle(absolute));
}

/** Messages of esbuild about what would not find its files once it stands elsewhere, and that it only notes by itself. */
const OBSTACLES = ['unsupported-dynamic-import', 'unsupported-require-call', 'indirect-require'] as const;

/**
 * Bundles a job file. Nothing of the job runs.
 * @param file an absolute path
 * @returns the bundle, or why the file cannot be bundled
 * @example const bundled = await bundleJob('/srv/jobs/count.ts');
 */
export function bundleJob(file: string): Promise<Bundle | NotBundled> {
  const begun = ahead.get(file);
  ahead.delete(file);
  return begun ?? makeBundle(file);
}

async function makeBundle(file: string): Promise<Bundle | NotBundled> {
  try {
    const format = isCommonJs(file) ? 'cjs' : 'esm';
    const { build } = bundler();
    const { outputFiles, warnings } = await build(optionsFor(file, format));
    const obstacle = warnings.find(({ id }) => OBSTACLES.some((each) => each === id));
    if (obstacle !== undefined) return { reason: textOf(obstacle) };
    const output = (ending: string): string => outputFiles.find((each) => each.path.endsWith(ending))?.text ?? '';
    const code = output('.js').replace(/^\/\/# sourceMappingURL=.*\s*$/m, '');
    return { file, format, text: `${code}//# sourceMappingURL=${inlineMap(output('.js.map'), path.dirname(file))}\n` };
  } catch (error) {
    const first = isBuildFailure(error) ? error.errors[0] : undefined;
    return { reason: first === undefined ? messageOf(error) : textOf(first) };
  }
}

/** esbuild. Required, not imported: Node looks through the text of what is imported for its exports, which takes as long as loading it. */
export function bundler(): typeof import('esbuild') {
  return createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
}

/** Ends the process of esbuild's that `bundleJob` has left for the next time. For the command line: others may use the same esbuild. */
export async function endBundler(): Promise<void> {
  await bundler().stop();
}

/** How esbuild is called for a job file. @param file an absolute path @param format of the bundle */
export function optionsFor(file: string, format: Bundle['format']): BuildOptions & { readonly write: false } {
  return {
    entryPoints: [file],
    absWorkingDir: path.dirname(file),
    outdir: path.dirname(file),
    outExtension: { '.js': '.js' },
    entryNames: 'job',
    bundle: true,
    write: false,
    format,
    platform: 'node',
    target: `node${process.versions.node}`,
    conditions: [...conditions()],
    mainFields: ['main'],
    // What a job does while it is loaded it is to do, whatever its package.json says of side effects.
    treeShaking: false,
    ignoreAnnotations: true,
    charset: 'utf8',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    logOverride: Object.fromEntries(OBSTACLES.map((id) => [id, 'warning'])),
    define: {
      'import.meta.url': `${MODULE_FACTS}.url`,
      'import.meta.filename': `${MODULE_FACTS}.filename`,
      'import.meta.dirname': `${MODULE_FACTS}.dirname`,
      __filename: `${MODULE_FACTS}.filename`,
      __dirname: `${MODULE_FACTS}.dirname`,
    },
    // A CommonJS file that an ES module imports calls this.
    ...(format === 'esm' && { banner: { js: requireOf(file) } }),
    plugins: [jobFiles(format)],
  };
}

function requireOf(file: string): string {
  const url = JSON.stringify(pathToFileURL(file).href);
  return `import { createRequire as __streamjob_createRequire } from 'node:module'; const require = __streamjob_createRequire(${url});`;
}

/** The conditions that this process resolves packages with, beside Node's own. */
function conditions(): readonly string[] {
  const given = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return given.flatMap((word, i) => {
    const joined = /^--conditions=(.+)$/.exec(word)?.[1];
    if (joined !== undefined) return [joined];
    const next = given[i + 1];
    return (word === '--conditions' || word === '-C') && next !== undefined ? [next] : [];
  });
}

/** A source map as a data URL, whose sources are URLs: errors and debuggers find the user's files wherever the text stands. */
function inlineMap(text: string, directory: string): string {
  const map = JSON.parse(text) as { readonly sources: readonly string[] };
  const sources = map.sources.map((source) => pathToFileURL(path.resolve(directory, source)).href);
  const json = JSON.stringify({ ...map, sources });
  return `data:application/json;base64,${Buffer.from(json).toString('base64')}`;
}

function isBuildFailure(thrown: unknown): thrown is BuildFailure {
  return thrown instanceof Error && 'errors' in thrown && Array.isArray(thrown.errors);
}

function textOf({ text, location }: Message): string {
  return location === null ? text : `${location.file}:${location.line}: ${text}`;
}
