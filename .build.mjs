/**
 * Builds dist/: types by tsc, one file each; code by esbuild, in few files, since a start of the command that reads 150 files takes twice as
 * long. The doors share their code by chunks, so that each class is there once. Packages stay outside. The web page of a job goes to
 * dist/ui with all that it needs: a browser loads nothing from elsewhere.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const outdir = path.join(root, 'dist');
/** What package.json exports, and what is loaded by its URL: src/core/module-url.ts. */
const doors = ['index', 'agent', 'testing', 'cli', 'worker', 'spark-worker', 'storage-thread', 'testing-job'];
/** Of the web page, all its files together, as brotli packs them. */
const MOST_PAGE_BYTES = 100_000;

rmSync(outdir, { recursive: true, force: true });
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json', '--emitDeclarationOnly', '--sourceMap', 'false'], {
  cwd: root,
  stdio: 'inherit',
});
await build({
  absWorkingDir: root,
  entryPoints: doors.map((door) => `src/${door}.ts`),
  outdir,
  // All in one directory: core/module-url.ts finds the others beside its own chunk.
  chunkNames: 'chunk-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  charset: 'utf8',
  sourcemap: 'linked',
  // The package has its sources beside dist/.
  sourcesContent: false,
  logLevel: 'warning',
});
chmodSync(path.join(outdir, 'cli.js'), 0o755);

await buildPage();

/** Scripts and styles have their hash in their name, so that browsers may keep them; index.html names them. */
async function buildPage() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['ui/main.tsx'],
    outdir: path.join(outdir, 'ui'),
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    charset: 'utf8',
    tsconfig: 'ui/tsconfig.json',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const files = Object.keys(metafile.outputs).map((name) => path.basename(name));
  const named = (ending) => `/${files.find((name) => name.endsWith(ending))}`;
  const html = readFileSync(path.join(root, 'ui/index.html'), 'utf8')
    .replace('{{style}}', named('.css'))
    .replace('{{script}}', named('.js'));
  writeFileSync(path.join(outdir, 'ui/index.html'), html);
  writeFileSync(path.join(outdir, 'ui/licences.txt'), licencesOf(metafile));
  const bytes = [...files, 'index.html']
    .map((name) => brotliCompressSync(readFileSync(path.join(outdir, 'ui', name))).length)
    .reduce((sum, length) => sum + length, 0);
  if (bytes > MOST_PAGE_BYTES)
    throw new Error(`the web page has ${bytes} bytes (brotli), and may have ${MOST_PAGE_BYTES}`);
}

/** The licences of the packages that are in the page: they ask to go with it. */
function licencesOf({ inputs }) {
  const names = Object.keys(inputs).flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)]
    .sort()
    .map((name) => `${name}\n\n${readFileSync(path.join(root, 'node_modules', name, 'LICENSE'), 'utf8').trim()}\n`)
    .join('\n---\n\n');
}
/**
 * What `npm create streamjob DIR` fetches: a package of its own, since npm asks for one of that name. It has no code but the call of the
 * command of the same version. Published with: npm publish dist/create-streamjob
 */
const { version, license, type, engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const creator = path.join(outdir, 'create-streamjob');
mkdirSync(creator);
const manifest = {
  name: 'create-streamjob',
  version,
  description: 'npm create streamjob DIR: a new project with a job of streamjob, the same as streamjob init DIR',
  license,
  type,
  engines,
  bin: { 'create-streamjob': 'create.js' },
  files: ['create.js'],
  dependencies: { streamjob: version },
};
writeFileSync(path.join(creator, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(
  path.join(creator, 'create.js'),
  `#!/usr/bin/env node
// The same as: streamjob init DIR
process.argv.splice(2, 0, 'init');
await import(new URL('dist/cli.js', import.meta.resolve('streamjob/package.json')));
`,
);
chmodSync(path.join(creator, 'create.js'), 0o755);
