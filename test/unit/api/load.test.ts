/** A job file is bundled once: each file of it still knows its own place, errors name the user's lines, and what cannot be bundled is loaded all the same. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { bundleJob } from '../../../src/load/bundle.ts';
import { evaluate } from '../../../src/load/evaluate.ts';
import { Running } from '../../docs/blocks/process.ts';
import { Project } from '../../docs/blocks/project.ts';
import { type CliResult, runCli } from '../../kit/cli.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const DIRECTORY = mkdtempSync(path.join(tmpdir(), 'streamjob-load-'));
const TEMPORARY = path.join(DIRECTORY, 'tmp');
mkdirSync(TEMPORARY);
const NO_DIRECTORY = path.join(DIRECTORY, 'file');
writeFileSync(NO_DIRECTORY, '');
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

const NOT_BUNDLED = 'the job file is not bundled';
let projects = 0;

/** A user's project with this package and one other installed. */
function project(type: 'module' | 'commonjs', files: Readonly<Record<string, string>>): string {
  const directory = path.join(DIRECTORY, `project ${projects++}`);
  const all = {
    'package.json': JSON.stringify({ name: 'user', type }),
    'node_modules/dep/package.json': '{ "exports": { "import": "./imported.mjs", "require": "./required.cjs" } }',
    'node_modules/dep/imported.mjs': "export default 'imported';",
    'node_modules/dep/required.cjs': "module.exports = 'required';",
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(path.join(directory, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  }
  symlinkSync(ROOT, path.join(directory, 'node_modules/streamjob'));
  return directory;
}

function run(file: string, ...flags: readonly string[]): Promise<CliResult> {
  return runCli(['run', file, '--log-level', 'debug', ...flags], { TMPDIR: TEMPORARY });
}

/** What the job file said as JSON on its first line. */
function said({ stdout, stderr }: CliResult): unknown {
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout.split('\n', 1)[0] ?? '');
}

test('each file keeps its url and names, with JSON, paths of tsconfig.json, CommonJS, late and computed imports among them', async () => {
  const directory = project('module', {
    'base.json': '{ "compilerOptions": { "paths": { "@/*": ["./lib/*"] } } }',
    'tsconfig.json': '{ "extends": "./base.json" }',
    'lib/data.json': '{ "x": 5 }',
    'lib/here.ts':
      "import data from './data.json' with { type: 'json' };\nexport const here: unknown[] = [import.meta.url, import.meta.dirname, import.meta.filename, data.x];",
    'lib/old.cjs':
      '"use strict";\nmodule.exports = [__dirname, __filename, require("dep"), (function () { return this === undefined; })()];',
    'lib/late/a.ts': 'export const late: string = import.meta.url;',
    'job.ts': [
      "import dep from 'dep'; import { here } from '@/here.ts'; import old from './lib/old.cjs';",
      "const name = process.env['NO_SUCH_NAME'] ?? 'a';",
      "const { late } = await import('./lib/late/' + name + '.ts');",
      'console.log(JSON.stringify({ url: import.meta.url, dep, here, old, late }));',
    ].join('\n'),
  });
  const result = await run(path.join(directory, 'job.ts'));
  const at = (name: string): string => path.join(directory, name);
  const url = (name: string): string => pathToFileURL(at(name)).href;
  expect(said(result)).toEqual({
    url: url('job.ts'),
    dep: 'imported',
    here: [url('lib/here.ts'), at('lib'), at('lib/here.ts'), 5],
    old: [at('lib'), at('lib/old.cjs'), 'required', true],
    late: url('lib/late/a.ts'),
  });
  expect(result.stderr).toContain('JOB_INVALID: the job file exports no job');
  expect(result.stderr).not.toContain(NOT_BUNDLED);
});

test.each([
  ['job.ts', 'module', "import dep from 'dep'; const text: string = dep;", 'imported'],
  ['job.mts', 'commonjs', "import dep from 'dep'; const text: string = await dep;", 'imported'],
  ['job.mjs', 'commonjs', "import dep from 'dep'; const text = await dep;", 'imported'],
  ['job.js', 'module', "import dep from 'dep'; const text = dep;", 'imported'],
  ['job.ts', 'commonjs', "import dep = require('dep'); const text: string = dep;", 'required'],
  ['job.cts', 'module', "import dep = require('dep'); const text: string = dep;", 'required'],
  ['job.js', 'commonjs', "const text = require('dep'); module.exports = {};", 'required'],
] as const)('%s in a package of type %s is bundled as what it is: %s', async (name, type, code, expected) => {
  const directory = project(type, { [name]: `${code}\nconsole.log(JSON.stringify(text));` });
  const result = await run(path.join(directory, name));
  expect(said(result)).toBe(expected);
  expect(result.stderr).toContain('JOB_INVALID: the job file exports no job');
  expect(result.stderr).not.toContain(NOT_BUNDLED);
});

test.each(['module', 'commonjs'] as const)(
  'in a package of type %s workers run the same bundle, errors name the user’s line in any file of it, and nothing is left behind',
  async (type) => {
    const directory = project(type, {
      'lib/parse.ts':
        '\n\nexport function parse(text: string): number {\n  interface Unused { a: 1 }\n  return JSON.parse(text);\n}\n',
      'job.ts': [
        "import { defineJob } from 'streamjob';",
        "import { isMainThread } from 'node:worker_threads';",
        "import { parse } from './lib/parse.ts';",
        "export default defineJob({ name: 'x', batchInterval: 50 }, (ssc) => {",
        '  console.log(JSON.stringify([isMainThread, import.meta.url]));',
        "  ssc.queueStream([['1', 'bad']])",
        '    .map((text: string) => parse(text))',
        '    .print();',
        '});',
      ].join('\n'),
    });
    const file = path.join(directory, 'job.ts');
    const flags = ['--engine', 'threads', '--parallelism', '2', '--on-failure', 'stop'];
    const { code, stdout, stderr } = await run(file, ...flags);
    expect(code).toBe(3);
    const url = pathToFileURL(file).href;
    for (const thread of [true, false, false]) expect(stdout).toContain(`${JSON.stringify([thread, url])}\n`);
    expect(stderr).toMatch(/where: map at .*project \d+\/lib\/parse\.ts:5:15/);
    expect(stderr).not.toContain(NOT_BUNDLED);
    expect(readdirSync(TEMPORARY).filter((name) => name.startsWith('streamjob-job-'))).toEqual([]);
  },
);

test.each([
  [
    'that imports by a computed path',
    "const path: string = './lib.ts';\nawait import(path);",
    /job\.ts:2: .*not a string/,
  ],
  ['that asks import.meta for more', "console.log(import.meta.resolve('dep'));", /job\.ts:1: import\.meta/],
] as const)('a job %s is loaded by tsx, and the log says why', async (_, code, reason) => {
  const directory = project('module', { 'lib.ts': 'export {};', 'job.ts': `${code}\nconsole.log('"ran"');` });
  const { stdout, stderr } = await run(path.join(directory, 'job.ts'));
  expect(stdout).toContain('"ran"');
  expect(stderr).toContain(NOT_BUNDLED);
  expect(stderr).toMatch(reason);
});

test.each([
  ['module', 'job.ts.bundle.mjs'],
  ['commonjs', 'job.ts'],
] as const)(
  'in a package of type %s a debugger finds the sources of the job: its code is called %s',
  async (type, name) => {
    const directory = project(type, {
      'lib.ts': 'export const one: number = 1;',
      'job.ts': [
        "import { Session } from 'node:inspector';",
        "import { one } from './lib.ts';",
        'const session = new Session();',
        'const maps: Record<string, string | undefined> = {};',
        "session.on('Debugger.scriptParsed', ({ params }) => { maps[params.url] = params.sourceMapURL; });",
        'session.connect();',
        "session.post('Debugger.enable');",
        'session.disconnect();',
        'console.log(JSON.stringify({ one, maps }));',
      ].join('\n'),
    });
    const result = await run(path.join(directory, 'job.ts'));
    const { maps } = said(result) as { readonly maps: Readonly<Record<string, string>> };
    const at = (file: string): string => pathToFileURL(path.join(directory, file)).href;
    const map = maps[type === 'module' ? at(name) : path.join(directory, name)] ?? maps[at(name)];
    const { sources } = JSON.parse(Buffer.from(map?.split(',')[1] ?? '', 'base64').toString()) as { sources: string[] };
    expect(sources).toEqual(expect.arrayContaining([at('job.ts'), at('lib.ts')]));
  },
);

test('a job is loaded where no file can be written', async () => {
  const directory = project('module', { 'job.ts': "import dep from 'dep';\nexport default dep;" });
  vi.stubEnv('TMPDIR', path.join(NO_DIRECTORY, 'tmp'));
  const bundle = await bundleJob(path.join(directory, 'job.ts'));
  if ('reason' in bundle) throw new Error(bundle.reason);
  expect(await evaluate(bundle)).toEqual({ exported: 'imported' });
  vi.unstubAllEnvs();
});

test('a name that a package does not export is told by the name that the job has for the package', async () => {
  const directory = project('module', { 'job.ts': "import { nope } from 'dep';\nconsole.log(nope);" });
  const { code, stderr } = await run(path.join(directory, 'job.ts'));
  expect(code).toBe(1);
  expect(stderr).toMatch(/JOB_INVALID: .*'dep' does not provide an export named 'nope'/);
});

test.each(['streamjob', 'not-installed'])(
  '%s, which is not installed beside the job, is named, with what to do',
  async (name) => {
    const directory = mkdtempSync(path.join(DIRECTORY, 'alone-'));
    const file = path.join(directory, 'job.ts');
    const text = `import { defineJob } from '${name}';\nexport default defineJob({ name: 'x' }, () => {});\n`;
    writeFileSync(file, text);
    // As it is built: from the sources another loader is there already, which has other words.
    const built = await Project.make();
    onTestFinished(() => built.remove());
    const { code, stderr } = await new Running('streamjob', ['run', file], directory, { PATH: built.path }).ended;
    expect(stderr).toContain('imports something that cannot be found');
    expect(stderr).toContain(`'${name}'`);
    expect(stderr).toContain('npm install');
    expect(code).toBe(1);
  },
);
