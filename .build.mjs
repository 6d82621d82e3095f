/**
 * Builds dist/: types by tsc, one file each; code by esbuild, in few files, since a start of the command that reads 150 files takes twice as
 * long. The doors share their code by chunks, so that each class is there once. Packages stay outside. The web page of a job goes to
 * dist/ui with all that it needs: a browser loads nothing from elsewhere.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const outdir = path.join(root, 'dist');
/** What package.json exports, and what is loaded by its URL: src/core/module-url.ts. */
const doors = ['index', 'agent', 'testing', 'cli', 'worker', 'testing-job'];

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
    legalComments: 'eof',
    metafile: true,
    logLevel: 'warning',
  });
  const names = Object.keys(metafile.outputs).map((name) => path.basename(name));
  const named = (ending) => `/${names.find((name) => name.endsWith(ending))}`;
  const html = readFileSync(path.join(root, 'ui/index.html'), 'utf8')
    .replace('{{style}}', named('.css'))
    .replace('{{script}}', named('.js'));
  writeFileSync(path.join(outdir, 'ui/index.html'), html);
}
