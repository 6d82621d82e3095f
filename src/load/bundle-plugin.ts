/**
 * What esbuild is told about a job's files: which stay outside of the bundle, and how a file that is put into it still knows its own place.
 */

import { isBuiltin } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ImportKind, Loader, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { fsSync } from '../core/machine.ts';
import { OWN_CODE } from '../core/module-url.ts';

/** The name by which a bundled file has its `url`, `filename` and `dirname`. */
export const MODULE_FACTS = '__streamjob_module';
const FACTS_NAMESPACE = 'streamjob-module';

const OWN_DIRECTORY = fileURLToPath(OWN_CODE);
const INSTALLED = `${path.sep}node_modules${path.sep}`;
/** Marks our own questions to esbuild, which must not come back to us. */
const ASKED = Symbol('asked');

/** @param format of the bundle: it says whether packages are imported or required */
export function jobFiles(format: 'cjs' | 'esm'): Plugin {
  return {
    name: 'job-files',
    setup: (build) => {
      build.onResolve({ filter: /.*/, namespace: 'file' }, (args) => resolve(build, format, args));
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, ({ path: file }) => load(file));
      build.onLoad({ filter: /.*/, namespace: FACTS_NAMESPACE }, ({ path: file }) => ({ contents: factsOf(file) }));
    },
  };
}

async function resolve(
  build: PluginBuild,
  format: 'cjs' | 'esm',
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  if (args.kind === 'entry-point' || args.pluginData === ASKED) return undefined;
  const facts = `${FACTS_NAMESPACE}:`;
  if (args.path.startsWith(facts)) return { path: args.path.slice(facts.length), namespace: FACTS_NAMESPACE };
  if (isBuiltin(args.path)) return { path: args.path, external: true };
  const kind = format === 'cjs' ? asRequired(args.kind) : args.kind;
  const { importer, resolveDir } = args;
  const found = await build.resolve(args.path, { kind, importer, resolveDir, pluginData: ASKED });
  if (found.errors.length > 0 || found.external) return found;
  if (!staysOutside(args.path, found.path)) return found;
  const imported = kind === 'import-statement' || kind === 'dynamic-import';
  return { path: imported ? pathToFileURL(found.path).href : found.path, external: true };
}

/** In CommonJS an import statement is a call of `require`, and finds what that finds. */
function asRequired(kind: ImportKind): ImportKind {
  return kind === 'import-statement' ? 'require-call' : kind;
}

/** Installed packages, as far as Node can load them; and this one, also where it is linked. */
function staysOutside(asked: string, file: string): boolean {
  if (/^streamjob(\/|$)/.test(asked) || file.startsWith(OWN_DIRECTORY)) return true;
  return file.includes(INSTALLED) && /\.(?:[cm]?js|node)$/.test(file);
}

/** The text of a file that asks where it is, with the answer in it. */
function load(file: string): OnLoadResult | undefined {
  const contents = fsSync.readFileSync(file, 'utf8');
  const isModule = /^\s*(?:import|export)\b|\bimport\.meta\b/m.test(contents);
  const other = isModule ? /\bimport\s*\.\s*meta\b(?!\s*\.\s*(?:url|filename|dirname)\b)/.exec(contents) : null;
  if (other !== null) {
    const line = contents.slice(0, other.index).split('\n').length;
    return { errors: [{ text: 'import.meta is used for more than its url', location: { file, line } }] };
  }
  if (!/\bimport\.meta\.|\b__(?:file|dir)name\b/.test(contents)) return undefined;
  const loader = loaderOf(file);
  if (isModule) {
    // Imports are done first wherever they stand. At the end it moves no line and no column of the file.
    const facts = `\nimport * as ${MODULE_FACTS} from ${JSON.stringify(`${FACTS_NAMESPACE}:${file}`)};\n`;
    return { contents: contents + facts, loader };
  }
  const strict = /^\s*(['"])use strict\1;?/.exec(contents)?.[0] ?? '';
  const names = `var __filename=${JSON.stringify(file)},__dirname=${JSON.stringify(path.dirname(file))};`;
  return { contents: `${strict}${strict === '' ? '' : ';'}${names}${contents.slice(strict.length)}`, loader };
}

function loaderOf(file: string): Loader {
  const [, language, x] = /\.[cm]?([jt]s)(x?)$/.exec(file) ?? [];
  return `${language}${x}` as Loader;
}

function factsOf(file: string): string {
  const facts = { url: pathToFileURL(file).href, filename: file, dirname: path.dirname(file) };
  return Object.entries(facts)
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
    .join('');
}
