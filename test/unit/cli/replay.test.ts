/** `streamjob run --record` and `streamjob replay`: a run is had once more, and two versions of a job are compared. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, runCli } from '../../kit/cli.ts';
import { freePort } from '../../kit/ports.ts';

// Beside the jobs' package, so that the files can import 'streamjob'.
const DIRECTORY = mkdtempSync(fileURLToPath(new URL('../../fixtures/jobs-replay-', import.meta.url)));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

interface Line {
  readonly batch: number;
  readonly events: number;
  readonly acked: number;
  readonly outputs: readonly { readonly id: string; readonly elements: readonly unknown[] }[];
}

let port = 0;
const recording = path.join(DIRECTORY, 'recording');

function write(name: string, text: string): string {
  const file = path.join(DIRECTORY, name);
  writeFileSync(file, text);
  return file;
}

/** Sums of the numbers that an agent sends, kept from batch to batch, and those of the last 200 ms. */
function job(name: string, of = 'Number(event.text())', input = ''): string {
  const stream = `ssc.flumeStream({ host: '127.0.0.1', port: ${port} })${input}`;
  return write(
    name,
    `import { defineJob } from 'streamjob';
export default defineJob({ name: 'sums', batchInterval: '50ms', agent: './seq.conf', cut: 'interval' }, (ssc) => {
  const numbers = ${stream}.map((event) => ${of});
  numbers
    .map((n) => [n % 2 === 0 ? 'even' : 'odd', n] as const)
    .updateStateByKey<number>((values, sum) => values.reduce((a, b) => a + b, sum ?? 0))
    .print(100);
  numbers.window('200ms', '100ms').count().print();
});
`,
  );
}

const linesOf = ({ stdout }: CliResult): Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const withEvents = (lines: readonly Line[]) =>
  lines.filter(({ events }) => events > 0).map(({ batch, events, outputs }) => ({ batch, events, outputs }));

let recorded: Line[] = [];
beforeAll(async () => {
  port = await freePort();
  const conf = [
    ...['sources = r1', 'channels = c1', 'sinks = k1', 'sources.r1.type = seq', 'sources.r1.totalEvents = 200'],
    ...['sources.r1.channels = c1', 'sources.r1.batchSize = 5', 'channels.c1.type = memory', 'sinks.k1.type = avro'],
    ...['sinks.k1.channel = c1', 'sinks.k1.hostname = 127.0.0.1', `sinks.k1.port = ${port}`, 'sinks.k1.batch-size = 5'],
  ];
  write('seq.conf', conf.map((line) => `a1.${line}\n`).join(''));
  const flags = ['--until-drained', '--json', '--no-ui', '--record', recording, '--checkpoint-dir', 'none'];
  const run = await runCli(['run', job('job.ts'), ...flags], {}, DIRECTORY);
  expect(run.stderr).not.toContain('"level":50');
  expect(run.code).toBe(0);
  recorded = linesOf(run);
  expect(recorded.reduce((sum, { events }) => sum + events, 0)).toBe(200);
});

describe('streamjob replay', () => {
  test('gives the batches of the run once more, at their times, with what windows and states made of them', async () => {
    const { code, stderr, ...said } = await runCli(['replay', path.join(DIRECTORY, 'job.ts'), '--from', recording]);
    expect(stderr).not.toMatch(/"level":[56]0/);
    expect(code).toBe(0);
    const lines = linesOf({ code, stderr, ...said });
    expect(withEvents(lines)).toEqual(withEvents(recorded));
    expect(lines.reduce((sum, { acked }) => sum + acked, 0)).toBe(200);
    const last = lines.at(-1)?.outputs.find(({ id }) => id === 'print-0')?.elements;
    expect(Object.fromEntries(last as [string, number][])).toEqual({ even: 9900, odd: 10_000 });
  });

  test('takes options of the job: with a longer interval there are fewer batches of the same events', async () => {
    const flags = ['--from', recording, '--batch-interval', '100ms'];
    const lines = linesOf(await runCli(['replay', path.join(DIRECTORY, 'job.ts'), ...flags]));
    expect(lines.reduce((sum, { events }) => sum + events, 0)).toBe(200);
    expect(lines.every(({ batch }) => batch % 100 === 0)).toBe(true);
  });

  test('ends with 1 and what is missing when there is no recording, or the job has no such input', async () => {
    const none = await runCli(['replay', path.join(DIRECTORY, 'job.ts'), '--from', path.join(DIRECTORY, 'nothing')]);
    expect(none.stderr).toContain('FILE_NOT_FOUND: there is no recording in ');
    expect(none.code).toBe(1);
    const other = await runCli(['replay', job('named.ts', '1', ".uid('named')"), '--from', recording]);
    expect(other.stderr).toMatch(
      /CONFIG_UNKNOWN: the recording has events of input-0, .*\n.*inputs of the job are named/,
    );
    expect(other.code).toBe(1);
  });

  test('a batch that fails ends it with 3', async () => {
    const failing = job('failing.ts', "{ if (event.text() === '7') throw new Error('seven'); return 1; }");
    const { code, stderr } = await runCli(['replay', failing, '--from', recording]);
    expect(stderr).toContain('BATCH_FAILED');
    expect(stderr).toContain('seven');
    expect(code).toBe(3);
  });
});

describe('streamjob replay --compare', () => {
  const compare = (one: string, other: string) => runCli(['replay', one, '--from', recording, '--compare', other]);

  test('says that nothing differs, whatever the order of values is', async () => {
    const same = job('same.ts', "Number(event.text('latin1'))", '.repartition(3)');
    const { code, stdout } = await compare(path.join(DIRECTORY, 'job.ts'), same);
    expect(stdout).toMatch(/^\d+ batches of .*job\.ts and .*same\.ts: nothing differs\n$/);
    expect(code).toBe(0);
  });

  test('says where outputs differ, of which job each value is, and ends with 1', async () => {
    const changed = job('changed.ts', "Number(event.text()) + (event.text() === '199' ? 2 : 0)");
    const { code, stdout } = await compare(path.join(DIRECTORY, 'job.ts'), changed);
    const time = recorded.filter(({ events }) => events > 0).at(-1)?.batch;
    expect(stdout).toContain(`batch ${time} print-0\n  - ["odd",10000]\n  + ["odd",10002]\n`);
    expect(stdout).not.toContain('even');
    expect(stdout).not.toContain('print-1');
    expect(stdout).toMatch(/ differ: - is of .*job\.ts, \+ of .*changed\.ts\n$/);
    expect(code).toBe(1);
  });
});
