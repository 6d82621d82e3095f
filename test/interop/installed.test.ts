/** The packed package works in an empty directory, installed without development packages and without any install script: npm 12 runs none unasked. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCommandLine } from './kit/build.ts';
import { repository } from './kit/places.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-installed-'));
let tarball = '';
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(command: string, ...args: readonly string[]): string {
  return runIn(directory, command, ...args);
}

function runIn(cwd: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

beforeAll(async () => {
  await buildCommandLine();
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory], {
    cwd: repository,
    stdio: 'ignore',
  });
  tarball = readdirSync(directory).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(path.join(directory, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  run('npm', 'install', '--ignore-scripts', '--omit=dev', '--silent', `./${tarball}`);
  writeFileSync(
    path.join(directory, 'job.ts'),
    `import { defineJob, StreamjobError } from 'streamjob';
import { RpcClient } from 'streamjob/agent';
import { runBatches } from 'streamjob/testing';
import { map } from 'rxjs';
const doors: readonly unknown[] = [StreamjobError, RpcClient.connect, runBatches];
export default defineJob({ name: 'x', batchInterval: 50 }, (ssc) => {
  if (doors.some((door) => typeof door !== 'function')) throw new Error('a door is shut');
  ssc.events$.pipe(map(({ type }) => type));
  ssc
    .queueStream([['a', 'b', 'a']])
    .map((word) => [word, 1] as const)
    .updateStateByKey<number>((ones, sum) => (sum ?? 0) + ones.length)
    .print();
});
`,
  );
}, 300_000);

test.each([
  [[]],
  [['--engine', 'threads', '--parallelism', '2']],
  [['--state-store', 'lmdb']],
  [['--state-store', 'lmdb', '--engine', 'threads', '--parallelism', '2']],
])(
  'a job runs with %j',
  (flags) => {
    const checkpoint = path.join(directory, `checkpoint ${flags.join(' ')}`);
    const command = path.join(directory, 'node_modules/.bin/streamjob');
    const stdout = run(command, 'run', 'job.ts', '--json', '--batches', '1', '--checkpoint-dir', checkpoint, ...flags);
    const [line = '{}'] = stdout.split('\n').filter((each) => each.includes('"events":3'));
    const { outputs } = JSON.parse(line) as { outputs: readonly { elements: readonly unknown[] }[] };
    expect(outputs[0]?.elements).toHaveLength(2);
    expect(outputs[0]?.elements).toEqual(
      expect.arrayContaining([
        ['a', 2],
        ['b', 1],
      ]),
    );
  },
  60_000,
);

test('a job runs in the simulator of the package', () => {
  writeFileSync(
    path.join(directory, 'simulate.mjs'),
    `import { exactlyOnce } from 'streamjob';
import { simulateSeeds } from 'streamjob/testing';
const check = (run) => {
  const sum = run.rows('counts').reduce((total, count) => total + count, 0);
  if (sum !== 100) throw new Error(\`\${sum} events were counted, not 100\`);
};
const options = { seeds: 20, batchInterval: '500ms', events: (n) => ({ headers: { id: String(n) }, body: 'x' }), check };
const runs = await simulateSeeds(options, (ssc, world) => {
  ssc
    .flumeStream({ port: world.port, dedupe: { header: 'id' } })
    .count()
    .foreachRDD(exactlyOnce(world.store('counts'), async (rdd, time, tx) => tx.insert(...(await rdd.collect()))));
});
console.log(JSON.stringify(runs.map(({ starts, hash }) => ({ starts, hash }))));
`,
  );
  const runs = JSON.parse(run(process.execPath, 'simulate.mjs')) as { starts: number; hash: string }[];
  expect(new Set(runs.map(({ hash }) => hash)).size).toBe(20);
  expect(Math.max(...runs.map(({ starts }) => starts))).toBeGreaterThan(1);
}, 60_000);

test('only the door of the test kit loads the simulator', () => {
  const dist = path.join(directory, 'node_modules/streamjob/dist');
  const loads = (door: string): boolean => {
    const seen = new Set<string>();
    const left = [door];
    for (let file = left.pop(); file !== undefined; file = left.pop()) {
      if (seen.has(file)) continue;
      seen.add(file);
      const code = readFileSync(path.join(dist, file), 'utf8');
      if (code.includes('kill-at-point')) return true;
      left.push(...[...code.matchAll(/(?:from|import)\s*\(?\s*"\.\/([\w.-]+\.js)"/g)].map(([, name = '']) => name));
    }
    return false;
  };
  const doors = ['cli', 'index', 'agent', 'worker', 'testing-job', 'testing'].filter((door) => loads(`${door}.js`));
  expect(doors).toEqual(['testing']);
});

test('each door of the package has its types, and the maps of its code name sources that are there', () => {
  const installed = path.join(directory, 'node_modules/streamjob');
  const { exports } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    exports: Readonly<Record<string, { readonly types: string } | string>>;
  };
  for (const door of Object.values(exports)) {
    if (typeof door !== 'string') expect(readFileSync(path.join(installed, door.types), 'utf8')).toContain('export');
  }
  const dist = path.join(installed, 'dist');
  const maps = readdirSync(dist).filter((name) => name.endsWith('.js.map'));
  expect(maps.length).toBeGreaterThan(3);
  for (const map of maps) {
    const { sources } = JSON.parse(readFileSync(path.join(dist, map), 'utf8')) as { sources: readonly string[] };
    for (const source of sources) expect(readFileSync(path.join(dist, source), 'utf8')).not.toBe('');
  }
});

describe('a new project', () => {
  // The version of this package is in no registry.
  const install = (project: string): void => {
    runIn(project, 'npm', 'pkg', 'set', `dependencies.streamjob=file:${path.join(directory, tarball)}`);
    runIn(project, 'npm', 'install', '--ignore-scripts', '--prefer-offline', '--silent');
  };

  test('of streamjob init passes its tests and its checks, and its job counts its input until it is drained', () => {
    expect(run('npx', 'streamjob', 'init', 'My Words')).toContain('my-words is in ');
    const project = path.join(directory, 'My Words');
    install(project);
    expect(stripVTControlCharacters(runIn(project, 'npm', 'test'))).toMatch(/Tests +1 passed/);
    expect(runIn(project, 'npm', 'run', 'build')).toContain('jobs/wordcount.ts: nothing to say');
    const flags = ['--until-drained', '--json', '--no-ui'];
    const batches = runIn(project, 'npm', '--silent', 'start', '--', ...flags)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { outputs: { elements: [string, number][] }[] });
    const counts = new Map<string, number>();
    for (const [word, count] of batches.flatMap(({ outputs }) => outputs.flatMap(({ elements }) => elements))) {
      counts.set(word, (counts.get(word) ?? 0) + count);
    }
    const river = readFileSync(path.join(project, 'input/river.txt'), 'utf8').split(/\s+/);
    expect(counts.get('harbour')).toBe(river.filter((word) => word === 'harbour').length);
    expect([...counts.keys()].sort()).toEqual([...new Set(river)].filter((word) => word !== '').sort());
  }, 300_000);

  test('of npm create streamjob is the same', () => {
    const creator = path.join(directory, 'node_modules/streamjob/dist/create-streamjob');
    const { bin, dependencies } = JSON.parse(readFileSync(path.join(creator, 'package.json'), 'utf8')) as {
      bin: Readonly<Record<string, string>>;
      dependencies: Readonly<Record<string, string>>;
    };
    const manifest = readFileSync(path.join(directory, 'node_modules/streamjob/package.json'), 'utf8');
    expect(dependencies).toEqual({ streamjob: (JSON.parse(manifest) as { version: string }).version });
    const stdout = run(path.join(creator, bin['create-streamjob'] ?? ''), 'created');
    expect(stdout).toContain(`created is in ${path.join(directory, 'created')}`);
    expect(readdirSync(path.join(directory, 'created')).sort()).toEqual([
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'deploy',
      'input',
      'jobs',
      'package.json',
      'test',
      'tsconfig.json',
    ]);
  });
});
