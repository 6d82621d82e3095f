/** One program of a job and all that it needs but Node: for machines that have nothing of it. */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { moduleUrl } from '../core/module-url.ts';
import { bundler, optionsFor } from './bundle.ts';
import { pathOf } from './bundles.ts';

/** Packages with native parts, and those of the driver: a stage uses none of them. */
const ABSENT =
  /^(?:lmdb|esbuild|tsx|apache-arrow|@node-rs\/.*|@connectrpc\/.*|@bufbuild\/.*|@opentelemetry\/.*)(?:\/.*)?$/;
/** A megabyte, which only a storage in S3 needs. */
const S3_CLIENT = /^@aws-sdk\/client-s3$/;
/** Where S3 is: no secrets. What executors have of their own counts. */
const S3_VARIABLES = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_DEFAULT_REGION'] as const;

/** Stands for them: whoever calls something of one learns what is missing. */
const absent = (usesS3: boolean): Plugin => ({
  name: 'absent',
  setup: (build) => {
    if (!usesS3) build.onResolve({ filter: S3_CLIENT }, ({ path: name }) => ({ path: name, namespace: 'absent' }));
    build.onResolve({ filter: ABSENT }, ({ path: name }) => ({ path: name, namespace: 'absent' }));
    build.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path: name }) => ({
      // CommonJS has every name that is imported of it.
      contents: `module.exports = new Proxy({}, { get: (_, name) => name === '__esModule' ? undefined : () => { throw new Error(${JSON.stringify(`${name} is not on executors`)}); } });`,
      loader: 'js',
    }));
  },
});

/** What a program is made of. */
export interface ProgramParts {
  /** The job's, a path or a URL. */
  readonly module: string;
  /** A file that the module's function builds upon. */
  readonly source?: string | undefined;
  /** Options of the context that the job is built on. */
  readonly context: object;
  /** What the module's function gets beside the context: plain data. */
  readonly data: unknown;
  /** Variables of the environment that the job is to find there. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether its storage is in S3. */
  readonly usesS3?: boolean;
}

/** @returns the text of an ES module, and its source map as JSON @throws StreamjobError JOB_INVALID */
export async function programOf({
  context,
  data,
  env,
  module,
  source,
  usesS3 = false,
}: ProgramParts): Promise<{ readonly text: Uint8Array; readonly map: string }> {
  const file = pathOf(module);
  const own = source === undefined ? undefined : pathOf(source);
  const { conditions = [], target = 'node20' } = optionsFor(file, 'esm');
  const given = JSON.stringify({ context, data, sourceFile: own });
  const contents = [
    `import { serveSparkTask } from ${JSON.stringify(fileURLToPath(moduleUrl('spark-worker')))};`,
    // Before the job is loaded: it may look at them then.
    `Object.assign(process.env, ${JSON.stringify(env)});`,
    ...(usesS3 ? [`for (const [name, value] of ${JSON.stringify(s3Variables())}) process.env[name] ??= value;`] : []),
    'const load = async () => {',
    `  const module = await import(${JSON.stringify(file)});`,
    own === undefined ? '  const source = undefined;' : `  const source = await import(${JSON.stringify(own)});`,
    '  return { exported: module.default, sourceExported: source?.default };',
    '};',
    `await serveSparkTask({ ...${given}, load });`,
  ].join('\n');
  try {
    const { outputFiles } = await bundler().build({
      stdin: { contents, resolveDir: path.dirname(file), loader: 'js' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target,
      conditions,
      plugins: [absent(usesS3)],
      charset: 'utf8',
      minifyWhitespace: true,
      sourcemap: 'external',
      outfile: path.join(path.dirname(file), 'program.mjs'),
      sourcesContent: false,
      logLevel: 'silent',
      banner: {
        js: "import { createRequire as __streamjob_createRequire } from 'node:module'; const require = __streamjob_createRequire(import.meta.url);",
      },
    });
    const text = outputFiles.find((each) => each.path.endsWith('.mjs'))?.contents ?? new Uint8Array();
    const map = JSON.parse(outputFiles.find((each) => each.path.endsWith('.map'))?.text ?? '{}') as {
      readonly sources: readonly string[];
    };
    const sources = map.sources.map((each) => pathToFileURL(path.resolve(path.dirname(file), each)).href);
    return { text, map: JSON.stringify({ ...map, sources }) };
  } catch (cause) {
    throw new StreamjobError('JOB_INVALID', `the job cannot be made one program: ${messageOf(cause)}`, {
      where: file,
      hint: "engine 'spark' ships the job as one file: all that it imports has to be JavaScript or TypeScript, so that a package with native parts (.node) cannot be among it",
      cause,
    });
  }
}

function s3Variables(): (readonly [name: string, value: string])[] {
  return S3_VARIABLES.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
}
