/** `streamjob init`: what is made, what it is called, and what is refused. test/interop/installed.test.ts installs such a project. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { newProject } from '../../../src/cli/init/new-project.ts';
import { packageNameOf } from '../../../src/cli/init/package-name.ts';
import { type CliResult, runCli, watched } from '../../kit/cli.ts';
import { spawnFirst } from '../../kit/first-process.ts';
import { mountsMissing } from '../../kit/mounts.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

const DIRECTORY = mkdtempSync(path.join(tmpdir(), 'streamjob-init-'));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

/** Makes this package the one that a project has installed. */
function link(project: string): void {
  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(fileURLToPath(new URL('../../..', import.meta.url)), path.join(project, 'node_modules/streamjob'));
}

function filesOf(directory: string): string[] {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

test('the job of a new project passes its check, and counts its input until it is drained', async () => {
  const project = path.join(DIRECTORY, 'deep/er/Über Wörter');
  const made = await runCli(['init', project]);
  expect(made.stderr).toBe('');
  expect(made.code).toBe(0);
  const said = [...made.stdout.matchAll(/^ {2}(\S*[.\w]+)$/gm)].map(([, file = '']) => path.join(project, file));
  expect(said).toEqual(expect.arrayContaining(filesOf(project)));
  for (const file of filesOf(project)) expect(readFileSync(file, 'utf8')).not.toMatch(/\{\{|undefined/);
  link(project);
  const cli = (...words: string[]): Promise<CliResult> => runCli(words, { WORDCOUNT_PORT: port }, project);
  const port = String(await freePort());
  expect((await cli('check', 'jobs/wordcount.ts')).stdout).toContain('nothing to say');
  const { code, stdout } = await cli('run', 'jobs/wordcount.ts', '--until-drained', '--no-ui');
  expect(stdout).toContain('(harbour,2)');
  expect(code).toBe(0);
  expect(readdirSync(path.join(project, 'input'))).toContain('river.txt');
});

test('what is made of this package: its version, and the versions that it is tested with', async () => {
  const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const project = path.join(DIRECTORY, 'vitest');
  expect((await newProject(project)).name).toBe('vitest-job');
  const made = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'));
  expect(made).toMatchObject({ name: 'vitest-job', type: 'module', dependencies: { streamjob: `^${own.version}` } });
  expect(made.devDependencies.vitest).toBe(own.devDependencies.vitest);
  const unit = readFileSync(path.join(project, 'deploy/vitest-job.service'), 'utf8');
  expect(unit).toContain('StateDirectory=vitest-job vitest-job/input');
});

describe('a directory that is not empty', () => {
  test('is refused with what is in it, and nothing is changed', async () => {
    const project = path.join(DIRECTORY, 'full');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), 'mine');
    const { code, stderr } = await runCli(['init', project]);
    expect(stderr).toMatch(/FILE_EXISTS: .*full is not empty: it has package\.json\n.*\n {2}do: /);
    expect(code).toBe(1);
    expect(filesOf(project)).toEqual([path.join(project, 'package.json')]);
    expect(readFileSync(path.join(project, 'package.json'), 'utf8')).toBe('mine');
  });

  test('names ten of many files', async () => {
    const project = path.join(DIRECTORY, 'many');
    mkdirSync(project);
    for (let i = 10; i < 25; i++) writeFileSync(path.join(project, `f${i}`), '');
    await expect(newProject(project)).rejects.toThrow(/has f10, .*f19 and 5 more$/);
  });

  test('is taken when it has only what git init makes', async () => {
    const project = path.join(DIRECTORY, 'git');
    execFileSync('git', ['init', '--quiet', project]);
    expect((await newProject(project)).files).toContain('package.json');
  });

  test('may be a file', async () => {
    const file = path.join(DIRECTORY, 'a-file');
    writeFileSync(file, 'mine');
    await expect(newProject(file)).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    await expect(newProject(path.join(file, 'below'))).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

test.each([
  ['word-count', 'word-count'],
  ['My Zähler', 'my-zahler'],
  ['_private.job_', 'private.job'],
  ['日本', 'job'],
  ['...', 'job'],
  ['streamjob', 'streamjob-job'],
  ['node_modules', 'node_modules-job'],
  ['http', 'http-job'],
  ['x'.repeat(300), 'x'.repeat(200)],
])('the package of the directory %s is called %s', (directory, name) => {
  expect(packageNameOf(directory, ['streamjob'])).toBe(name);
});

test('without a directory it is a usage error: 2', async () => {
  expect((await runCli(['init'])).code).toBe(2);
});

describe.skipIf(mountsMissing !== undefined)('the first process of a container', () => {
  test('ends with 130 by a second signal, though no signal ends such a process by default', async () => {
    const project = path.join(DIRECTORY, 'first');
    await newProject(project);
    link(project);
    const slow =
      '(n) => { if (n === 0) console.log("begun"); let x = n; for (let i = 0; i < 5000; i++) x = (x * 7 + 1) % 1301; return x; }';
    const build = `ssc.queueStream([Array.from({ length: 3_000_000 }, (_, i) => i)]).map(${slow}).count().print();`;
    const job = path.join(project, 'jobs/slow.ts');
    const options = "{ name: 'x', batchInterval: '100ms' }";
    writeFileSync(
      job,
      `import { defineJob } from 'streamjob';\nexport default defineJob(${options}, (ssc) => { ${build} });`,
    );
    const first = spawnFirst(['run', job, '--no-ui'], project);
    const cli = watched(first.child);
    await until(() => cli.stdout().includes('begun'));
    first.signal('SIGINT');
    await until(() => cli.stderr().includes('once more stops at once'));
    first.signal('SIGINT');
    const { code, stderr } = await cli.ended;
    expect(stderr).toContain('stopped at once');
    expect(code).toBe(130);
  });
});
