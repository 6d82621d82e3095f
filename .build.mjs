/**
 * Builds dist/: types by tsc, one file each; code by esbuild, in few files, since a start of the command that reads 150 files takes twice as
 * long. The doors share their code by chunks, so that each class is there once. Packages stay outside.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
