/** What users see when something is wrong: one message with the cause and what to do, the right exit code, no stack trace. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli, startCli } from '../../kit/cli.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

// Beside the jobs' package, so that the files can import 'streamjob'.
const DIRECTORY = mkdtempSync(fileURLToPath(new URL('../../fixtures/jobs-', import.meta.url)));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

let files = 0;
function jobFile(text: string): string {
  const file = path.join(DIRECTORY, `job${files++}.ts`);
  writeFileSync(file, text);
  return file;
}

function job(build: string, options = "name: 'x', batchInterval: '100ms'"): string {
  return jobFile(
    `import { defineJob } from 'streamjob';\nexport default defineJob({ ${options} }, (ssc) => { ${build} });\n`,
  );
}

const STACK = /^\s+at .+:\d+:\d+\)?$/m;

describe('a job that cannot run ends with 1 and one message', () => {
  const print = 'ssc.flumeStream({ host: "127.0.0.1", port: 0 }).print();';
  test.each<[string, () => string, RegExp]>([
    ['that is not there', () => path.join(DIRECTORY, 'nope.ts'), /JOB_NOT_FOUND/],
    ['that does not compile', () => job('const a = ;'), /JOB_INVALID: .*does not compile: .*:2:\d+: .*Unexpected/],
    ['that exports no job', () => jobFile('export const x = 1;'), /JOB_INVALID: the job file exports no job/],
    ['that imports what is not there', () => jobFile("import './nope.ts';"), /JOB_INVALID: .*cannot be found/],
    ['that throws', () => jobFile("throw new Error('oh');"), /JOB_INVALID: .*oh\n {2}where: .*job\d+\.ts:1:7/],
    ['whose build throws', () => job("throw new Error('oh');"), /JOB_INVALID: the job's build function threw: oh/],
    ['without an output', () => job('ssc.flumeStream({ port: 0 });'), /NO_OUTPUT/],
    [
      'with an unknown option',
      () => job(print, "name: 'x', batchIntervall: 1"),
      /CONFIG_UNKNOWN: .*\n.*\n.*did you mean batchInterval/,
    ],
    ['with a bad interval', () => job(print, "name: 'x', batchInterval: 'soon'"), /CONFIG_INVALID: batchInterval/],
    [
      'with an agent that is not there',
      () => job(print, "name: 'x', batchInterval: 100, agent: './nope.conf'"),
      /FILE_NOT_FOUND/,
    ],
    [
      'with a cut that there is not',
      () => job(print, "name: 'x', batchInterval: 100, cut: 'sometimes' as 'eager'"),
      /CONFIG_INVALID: cut cannot be/,
    ],
  ])('%s', async (_, file, message) => {
    const { code, stdout, stderr } = await runCli(['run', file(), '--log-level', 'silent']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\n {2}do: {4}/);
    expect(stderr).not.toMatch(STACK);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});

test.each(['module', 'commonjs', undefined])('a TypeScript job runs in a package of type %s', async (type) => {
  const directory = mkdtempSync(path.join(DIRECTORY, 'package-'));
  mkdirSync(path.join(directory, 'node_modules'));
  symlinkSync(fileURLToPath(new URL('../../..', import.meta.url)), path.join(directory, 'node_modules/streamjob'));
  writeFileSync(
    path.join(directory, 'package.json'),
    JSON.stringify({ name: 'user', ...(type === undefined ? {} : { type }) }),
  );
  const file = path.join(directory, 'job.ts');
  const build = 'const n: number = import.meta.url.length; ssc.queueStream([[1]]).map(() => n > 0).print();';
  writeFileSync(
    file,
    `import { defineJob } from 'streamjob';\nexport default defineJob({ name: 'x', batchInterval: 100 }, (ssc) => { ${build} });\n`,
  );
  const cli = startCli(['run', file]);
  await until(() => cli.stdout().includes('true'));
  cli.child.kill('SIGINT');
  expect((await cli.ended).code).toBe(0);
  writeFileSync(file, 'const a = ;');
  expect((await runCli(['run', file])).stderr).toMatch(/does not compile: .*job\.ts:1:10/);
});

test.each([
  ['--batches', '0'],
  ['--batch-interval', '0'],
  ['--max-retries', 'x'],
  ['--parallelism', '0'],
  ['--engine', 'foo'],
])('the flag %s %s is a usage error: 2', async (flag, value) => {
  const { code, stderr } = await runCli(['run', job('ssc.flumeStream({ port: 0 }).print();'), flag, value]);
  expect(stderr).toContain(flag);
  expect(code).toBe(2);
});

test('a port in use is told, with where and what to do', async () => {
  const port = await freePort();
  const other = net.createServer().listen(port, '127.0.0.1');
  const { code, stderr } = await runCli(['run', job(`ssc.flumeStream({ host: '127.0.0.1', port: ${port} }).print();`)]);
  other.close();
  expect(code).toBe(1);
  expect(stderr).toContain(`PORT_IN_USE: flumeStream cannot listen on 127.0.0.1:${port}`);
  expect(stderr).not.toMatch(STACK);
});

test('a second signal stops at once, in the middle of a stage too: 130', async () => {
  const slow =
    '(n) => { if (n === 0) console.log("begun"); let x = n; for (let i = 0; i < 5000; i++) x = (x * 7 + 1) % 1301; return x; }';
  const cli = startCli([
    'run',
    job(`ssc.queueStream([Array.from({ length: 3_000_000 }, (_, i) => i)]).map(${slow}).count().print();`),
  ]);
  await until(() => cli.stdout().includes('begun'));
  cli.child.kill('SIGINT');
  await until(() => cli.stderr().includes('once more stops at once'));
  cli.child.kill('SIGINT');
  const { code, stdout, stderr } = await cli.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('stopped at once');
  expect(stdout).not.toContain('Time:');
});

test('the flags of poison events leave a bad value out, into the file', async () => {
  const file = path.join(DIRECTORY, 'dead.jsonl');
  const build = "ssc.queueStream([['1', 'x']]).map((text) => JSON.parse(text)).print();";
  const flags = ['--on-poison', 'skip', '--dead-letter-file', file];
  const cli = startCli(['run', job(build), '--batches', '1', ...flags]);
  const { code, stdout } = await cli.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('\n1\n');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ operator: 'map', event: 'x' });
});

test('--stack-trace shows the stack', async () => {
  const { stderr } = await runCli(['run', jobFile("throw new Error('oh');"), '--stack-trace']);
  expect(stderr).toMatch(STACK);
});

test('--until-drained is refused for input that never ends', async () => {
  const { code, stderr } = await runCli(['run', job('ssc.flumeStream({ port: 0 }).print();'), '--until-drained']);
  expect(stderr).toContain('DRAIN_IMPOSSIBLE');
  expect(code).toBe(1);
});

test.each([[[]], [['rum']], [['run']], [['run', 'x.ts', '--frob']]])(
  'the words %j are a usage error: 2',
  async (args) => {
    const { code, stderr } = await runCli(args);
    expect(stderr).toContain('streamjob --help');
    expect(code).toBe(2);
  },
);

/** The flume.conf of an agent that sends three numbers to a port. */
async function seqAgent(): Promise<{ readonly conf: string; readonly port: number }> {
  const port = await freePort();
  const conf = path.join(DIRECTORY, `seq${port}.conf`);
  const lines = [
    'sources = r1',
    'channels = c1',
    'sinks = k1',
    'sources.r1.type = seq',
    'sources.r1.totalEvents = 3',
    'sources.r1.channels = c1',
    'channels.c1.type = memory',
    'sinks.k1.type = avro',
    'sinks.k1.hostname = 127.0.0.1',
    `sinks.k1.port = ${port}`,
    'sinks.k1.channel = c1',
  ];
  writeFileSync(conf, lines.map((line) => `a1.${line}\n`).join(''));
  return { conf, port };
}

test("a failing batch under onFailure 'stop' ends with 3", async () => {
  const { conf, port } = await seqAgent();
  const file = job(
    `ssc.flumeStream({ host: '127.0.0.1', port: ${port} }).foreachRDD(async (rdd) => { if (await rdd.count() > 0) throw new Error('no'); });`,
    `name: 'x', batchInterval: '100ms', agent: '${conf}'`,
  );
  const { code, stderr } = await runCli(['run', file, '--on-failure', 'stop', '--until-drained']);
  expect(stderr).toContain('BATCH_FAILED');
  expect(code).toBe(3);
});

test('with --json a job’s console.log goes to stderr, and stdout has one object per line', async () => {
  const { conf, port } = await seqAgent();
  const file = job(
    `console.log('built'); ssc.flumeStream({ host: '127.0.0.1', port: ${port} }).map((event) => event.text()).print(2);`,
    `name: 'x', batchInterval: '100ms', agent: '${conf}'`,
  );
  const { code, stdout, stderr } = await runCli(['run', file, '--json', '--until-drained']);
  expect(code).toBe(0);
  expect(stderr).toContain('built');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const data = lines.filter(({ events }) => events > 0);
  expect(data.flatMap(({ outputs }) => outputs[0].elements).slice(0, 2)).toEqual(['0', '1']);
  expect(data.reduce((sum, { events }) => sum + events, 0)).toBe(3);
  expect(Object.keys(lines[0])).toEqual([
    'batch',
    'events',
    'schedulingDelayMs',
    'processingMs',
    'totalDelayMs',
    'outputs',
    'acked',
  ]);
});

describe('a stop that comes while a job starts', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s while the job is loaded', async (signal) => {
    const file = jobFile(
      "process.stderr.write('loading\\n'); await new Promise((resolve) => setTimeout(resolve, 1e9));",
    );
    const cli = startCli(['run', file]);
    await until(() => cli.stderr().includes('loading'));
    cli.child.kill(signal);
    const { code, stderr } = await cli.ended;
    expect(stderr).toContain(`${signal}: stopping`);
    // What the file waits for is not given back: after a while the process ends as by the signal.
    expect(code).toBe(signal === 'SIGTERM' ? 143 : 130);
  });

  test('while build runs', async () => {
    const cli = startCli(['run', job("process.stderr.write('building\\n'); return new Promise<void>(() => {});")]);
    await until(() => cli.stderr().includes('building'));
    cli.child.kill('SIGTERM');
    expect((await cli.ended).code).toBe(0);
  });

  test('while a file system does not answer', async () => {
    const pipe = path.join(DIRECTORY, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const build = `ssc.queueStream([[1]]).print(); const fs = await import('node:fs'); fs.open('${pipe}', 'r', () => {}); process.stderr.write('stuck\\n');`;
    const file = jobFile(
      `import { defineJob } from 'streamjob';\nexport default defineJob({ name: 'x', batchInterval: '100ms' }, async (ssc) => { ${build} });\n`,
    );
    const cli = startCli(['run', file]);
    await until(() => cli.stdout().includes('Time:'));
    cli.child.kill('SIGTERM');
    expect((await cli.ended).code).toBe(143);
  });

  test('a checkpoint directory that cannot be made is told at once', async () => {
    const build = 'ssc.queueStream([[1]]).map((n) => [n, n] as const).updateStateByKey(() => 1).print();';
    const { code, stderr } = await runCli(['run', job(build), '--checkpoint-dir', '/proc/nope']);
    expect(stderr).toContain('FILE_ACCESS');
    expect(code).toBe(1);
  });
});

test('a reader of stdout that goes away stops the job: 141, and what it started ends with it', async () => {
  const conf = path.join(DIRECTORY, 'tail.conf');
  const port = await freePort();
  const log = path.join(DIRECTORY, 'tailed.log');
  writeFileSync(log, 'a line\n');
  const lines = [
    'sources = r1',
    'channels = c1',
    'sinks = k1',
    'sources.r1.type = exec',
    `sources.r1.command = tail -F -n +1 ${log}`,
    'sources.r1.channels = c1',
    'channels.c1.type = memory',
    'sinks.k1.type = avro',
    'sinks.k1.hostname = 127.0.0.1',
    `sinks.k1.port = ${port}`,
    'sinks.k1.channel = c1',
  ];
  writeFileSync(conf, lines.map((line) => `a1.${line}\n`).join(''));
  const build = `ssc.flumeStream({ host: '127.0.0.1', port: ${port} }).map((event) => event.text()).print();`;
  const cli = startCli(['run', job(build, `name: 'x', batchInterval: '50ms', agent: '${conf}'`)]);
  await until(() => cli.stdout().includes('a line'));
  cli.child.stdout?.destroy();
  const { code, stderr } = await cli.ended;
  expect(stderr).toContain('stdout cannot be written (EPIPE)');
  expect(code).toBe(141);
  const running = (): boolean => spawnSync('pgrep', ['-f', `tail -F -n .1 ${log}`]).status === 0;
  await until(() => !running());
});
