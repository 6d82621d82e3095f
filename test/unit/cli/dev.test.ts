/** `streamjob dev`: what changes is checked first, then takes the place of what runs, with its state; and both end together. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WatchedFiles } from '../../../src/cli/dev/watched-files.ts';
import { endBundler } from '../../../src/load/bundle.ts';
import { filesOfJob } from '../../../src/load/job-files.ts';
import { type CliProcess, runCli, startCli } from '../../kit/cli.ts';
import { Debugger } from '../../kit/debugger.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

// Beside the jobs' package, so that the files can import 'streamjob'.
const DIRECTORY = mkdtempSync(fileURLToPath(new URL('../../fixtures/jobs-dev-', import.meta.url)));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

let directory = '';
let sessions = 0;
beforeEach(() => {
  directory = path.join(DIRECTORY, `${sessions++}`);
  mkdirSync(directory);
});

const started: CliProcess[] = [];
afterEach(async () => {
  for (const { child } of started) child.kill('SIGINT');
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});

function write(name: string, text: string): string {
  const file = path.join(directory, name);
  writeFileSync(file, text);
  return file;
}

/** Counts, with what it counted before, under a name that another file gives; and tells its process. */
const COUNTING = `import { defineJob } from 'streamjob';
import { NAME } from './name.ts';
export default defineJob({ name: 'counting', batchInterval: '50ms' }, (ssc) => {
  const sums = ssc
    .queueStream([['a']])
    .map((word) => [word, 1] as const)
    .updateStateByKey<number>((ones, sum) => (sum ?? 0) + ones.length);
  sums.foreachRDD(async (rdd) => {
    for (const [, sum] of await rdd.collect()) console.log(\`\${NAME} \${sum} in \${process.pid}.\`);
  });
});
`;

function dev(...words: string[]): CliProcess {
  const cli = startCli(['dev', ...words, '--no-ui'], {}, directory);
  started.push(cli);
  return cli;
}

const times = (text: string, part: string): number => text.split(part).length - 1;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const pidIn = (text: string): number => Number(/ in (\d+)\./.exec(text)?.[1]);

/** Writes a job with an agent. @returns the text of its agent.conf, by the command that its source runs */
async function writeWithAgent(): Promise<(command: string) => string> {
  const port = await freePort();
  const options = "{ name: 'x', batchInterval: '50ms', agent: './agent.conf', reliability: 'best-effort' }";
  const build = `ssc.flumeStream({ host: '127.0.0.1', port: ${port} }).map((event) => event.text()).print();`;
  write(
    'job.ts',
    `import { defineJob } from 'streamjob';\nexport default defineJob(${options}, (ssc) => { ${build} });`,
  );
  return (command) =>
    [
      ...['sources = r1', 'channels = c1', 'sinks = k1', 'sources.r1.type = exec', `sources.r1.command = ${command}`],
      ...['sources.r1.channels = c1', 'channels.c1.type = memory', 'sinks.k1.type = avro', 'sinks.k1.channel = c1'],
      ...['sinks.k1.hostname = 127.0.0.1', `sinks.k1.port = ${port}`],
    ]
      .map((line) => `a1.${line}\n`)
      .join('');
}

describe('streamjob dev', () => {
  test('starts a job anew with its state when a file of it changes', async () => {
    write('name.ts', "export const NAME = 'first';");
    write('job.ts', COUNTING);
    const cli = dev('job.ts');
    await until(() => cli.stdout().includes('first 1 in'));
    write('name.ts', "export const NAME = 'second';");
    await until(() => cli.stdout().includes('second 2 in'));
    expect(cli.stderr()).toContain('changed: name.ts');
    expect(cli.stderr()).toContain('job.ts starts anew');
    expect(existsSync(path.join(directory, '.streamjob/dev/counting'))).toBe(true);
    expect(existsSync(path.join(directory, '.streamjob/counting'))).toBe(false);
  });

  test('shows why a change does not load, and leaves the job as it is until one does', async () => {
    write('name.ts', "export const NAME = 'first';");
    write('job.ts', COUNTING);
    const cli = dev('job.ts');
    await until(() => cli.stdout().includes('first 1 in'));
    write('name.ts', 'export const NAME = ;');
    await until(() => cli.stderr().includes('the job runs on as it was'));
    expect(cli.stderr()).toMatch(/JOB_INVALID: job\.ts does not compile: .*name\.ts:1:20/);
    const before = times(cli.stdout(), 'first');
    await until(() => times(cli.stdout(), 'first') > before);
    write('name.ts', "export const NAME = 'third';");
    await until(() => cli.stdout().includes('third 2 in'));
  });

  test('waits for a job that does not load, or whose import is not there, to begin with', async () => {
    write('job.ts', COUNTING);
    const cli = dev('job.ts');
    await until(() => cli.stderr().includes('nothing runs'));
    expect(cli.stderr()).toMatch(/JOB_INVALID: job\.ts imports something that cannot be found/);
    write('name.ts', "export const NAME = 'came';");
    await until(() => cli.stdout().includes('came 1 in'));
  });

  test('starts a job anew when the file of its agent changes, and not when that is wrong', async () => {
    const conf = await writeWithAgent();
    write('agent.conf', conf('echo one'));
    const cli = dev('job.ts');
    await until(() => cli.stdout().includes('\none\n'));
    write('agent.conf', conf('echo two').replace('exec', 'exeq'));
    await until(() => cli.stderr().includes('the job runs on as it was'));
    expect(cli.stderr()).toContain('changed: agent.conf');
    write('agent.conf', conf('echo two'));
    await until(() => cli.stdout().includes('\ntwo\n'));
  });

  test('starts a job anew when a component that its flume.conf names changes, or a file that this imports', async () => {
    const conf = await writeWithAgent();
    write('mark.ts', "export const MARK = 'marked';");
    write(
      'mine.ts',
      `import { defineInterceptor } from 'streamjob/agent';
import { MARK } from './mark.ts';
export default defineInterceptor({
  type: 'mark',
  doc: 'marks bodies',
  fields: {},
  create: () => ({ body, headers }) => ({ body: Buffer.from(MARK + ' ' + body.toString()), headers }),
});`,
    );
    const own = ['interceptors = i1', 'interceptors.i1.type = ./mine.ts'].map((line) => `a1.sources.r1.${line}\n`);
    write('agent.conf', conf('echo one') + own.join(''));
    const cli = dev('job.ts');
    await until(() => cli.stdout().includes('\nmarked one\n'));
    write('mark.ts', "export const MARK = 'changed';");
    await until(() => cli.stdout().includes('\nchanged one\n'));
    expect(cli.stderr()).toContain('changed: mark.ts');
  });

  test('waits for a change when the job ends by itself', async () => {
    write('name.ts', "export const NAME = 'first';");
    write('job.ts', COUNTING);
    const cli = dev('job.ts', '--batches', '1');
    await until(() => cli.stderr().includes('job.ts has ended with code 0'));
    write('name.ts', "export const NAME = 'second';");
    await until(() => cli.stdout().includes('second 2 in'));
  });

  test.each<[string, NodeJS.Signals, number]>([
    ['Ctrl+C', 'SIGINT', 0],
    ['SIGTERM', 'SIGTERM', 0],
    ['a kill', 'SIGKILL', 137],
  ])('%s ends the job, too', async (_, signal, expected) => {
    write('name.ts', "export const NAME = 'first';");
    write('job.ts', COUNTING);
    const cli = dev('job.ts');
    await until(() => cli.stdout().includes('first 1 in'));
    const pid = pidIn(cli.stdout());
    expect(isAlive(pid)).toBe(true);
    cli.child.kill(signal);
    expect((await cli.ended).code).toBe(expected);
    await until(() => !isAlive(pid));
    expect(cli.stderr()).toContain('all that was received has committed');
  });

  test('flags are those of run: others are a usage error', async () => {
    write('job.ts', COUNTING);
    const { code, stderr } = await runCli(['dev', 'job.ts', '--frob'], {}, directory);
    expect(stderr).toContain('frob');
    expect(code).toBe(2);
  });
});

test('a debugger that the job was started for stops at a line of its TypeScript', async () => {
  const lines = [
    "import { defineJob } from 'streamjob';",
    '',
    '/** Types and comments do not stand in what runs, so that its lines are others. */',
    'interface Counted { readonly word: string; readonly length: number }',
    '',
    'function counted(word: string): Counted {',
    '  const length: number = word.length;',
    '  return { word, length };',
    '}',
    '',
    "export default defineJob({ name: 'x', batchInterval: 50 }, (ssc) => {",
    "  ssc.queueStream([['river']]).map(counted).print();",
    '});',
  ];
  const file = write('job.ts', `${lines.join('\n')}\n`);
  const cli = dev('job.ts', '--inspect-brk=127.0.0.1:0');
  await until(() => /ws:\/\/\S+/.test(cli.stderr()));
  const inspector = await Debugger.connect(/ws:\/\/\S+/.exec(cli.stderr())?.[0] ?? '');
  const find = (method: string, match: (params: { [name: string]: never }) => boolean) =>
    inspector.messages.find((message) => message.method === method && match(message.params));
  for (const method of ['Debugger.enable', 'Runtime.enable', 'Runtime.runIfWaitingForDebugger']) inspector.send(method);
  const isBundle = ({ url }: { url?: string }): boolean => url === `${pathToFileURL(file).href}.bundle.mjs`;
  // As editors do: where a script with a source map is about to run, it waits until their breakpoints are set.
  inspector.send('Debugger.setInstrumentationBreakpoint', { instrumentation: 'beforeScriptWithSourceMapExecution' });
  let resumed = 0;
  const paused = () => inspector.messages.filter(({ method }) => method === 'Debugger.paused');
  await until(() => {
    if (find('Debugger.scriptParsed', isBundle) !== undefined) return true;
    for (; resumed < paused().length; resumed++) inspector.send('Debugger.resume');
    return false;
  });
  const script = find('Debugger.scriptParsed', isBundle)?.params;
  const map = new SourceMap(JSON.parse(Buffer.from(script.sourceMapURL.split(',')[1], 'base64').toString()));
  const original = (line: number, column: number) => map.findEntry(line, column) as { originalLine: number };
  const wanted = lines.indexOf('  return { word, length };');
  const lineNumber = Array.from({ length: script.endLine }, (_, line) => line).find(
    (line) => original(line, 4).originalLine === wanted,
  );
  expect(lineNumber).toBeDefined();
  inspector.send('Debugger.setBreakpointByUrl', { url: script.url, lineNumber });
  const stop = () => paused().find(({ params }) => params.hitBreakpoints.some((id: string) => id.includes('bundle')));
  await until(() => {
    if (stop() !== undefined) return true;
    for (; resumed < paused().length; resumed++) inspector.send('Debugger.resume');
    return false;
  });
  const [frame] = stop()?.params.callFrames ?? [];
  expect(frame.functionName).toBe('counted');
  expect(original(frame.location.lineNumber, frame.location.columnNumber).originalLine).toBe(wanted);
  const asked = inspector.send('Debugger.evaluateOnCallFrame', {
    callFrameId: frame.callFrameId,
    expression: 'length',
  });
  await until(() => inspector.answer(asked) !== undefined);
  expect(inspector.answer(asked)?.result.result.value).toBe('river'.length);
  inspector.send('Debugger.disable');
  inspector.close();
});

test('the files of a job are its own, those that do not compile or are not there too, and no package', async () => {
  const job = write('job.ts', "import 'streamjob';\nimport './a.ts';\nimport './data.json';\nimport './missing.ts';\n");
  const a = write('a.ts', "import './broken.ts';\n");
  const broken = write('broken.ts', 'const a = ;');
  const data = write('data.json', '{}');
  expect(await filesOfJob(job)).toEqual([a, broken, data, job, path.join(directory, 'missing.ts')]);
  await endBundler();
});

describe('watched files', () => {
  test('tell of what is written, replaced, removed and made; not of what is the same', async () => {
    const [a, b] = [write('a', '1'), path.join(directory, 'b')];
    const watched = new WatchedFiles();
    try {
      watched.watch([a, b]);
      write('a', '2');
      expect(await watched.changed()).toEqual([a]);
      renameSync(write('aside', '3'), a);
      expect(await watched.changed()).toEqual([a]);
      write('a', '3');
      write('b', '1');
      expect(await watched.changed()).toEqual([b]);
      rmSync(a);
      expect(await watched.changed()).toEqual([a]);
    } finally {
      watched.close();
    }
  });

  test('a change before anybody asks is told when somebody does, also when the files are named again', async () => {
    const a = write('a', '1');
    const watched = new WatchedFiles();
    try {
      watched.watch([a]);
      write('a', '2');
      watched.watch([a, path.join(directory, 'other/c')]);
      expect(await watched.changed()).toEqual([a]);
    } finally {
      watched.close();
    }
  });
});
