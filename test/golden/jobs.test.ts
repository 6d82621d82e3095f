/** The example jobs, each with its input and what it prints, run by the command line as users run them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { type CliProcess, startCli } from '../kit/cli.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';

interface Line {
  readonly events: number;
  readonly outputs: { readonly elements: unknown[] }[];
}

function linesOf(cli: CliProcess): Line[] {
  const text = cli.stdout();
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** All that was printed, batch by batch, empty batches left out. */
const printed = (cli: CliProcess): unknown[][] =>
  linesOf(cli)
    .flatMap(({ outputs }) => outputs.map(({ elements }) => elements))
    .filter((elements) => elements.length > 0);

/** Runs a job with a text server: `lines` go out, one array after the other, each when the one before has been taken in. */
async function withText(
  job: string,
  env: Record<string, string>,
  parts: readonly (readonly string[])[],
  enough: (out: unknown[][]) => boolean,
  flags: readonly string[] = [],
): Promise<unknown[][]> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // A job with state goes on from its checkpoint: here each run is the first.
  const checkpoint = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  const cli = startCli(['run', `jobs/${job}.ts`, '--json', '--checkpoint-dir', checkpoint, ...flags], {
    HOST: '127.0.0.1',
    PORT: String(port),
    ...env,
  });
  try {
    await until(() => sockets.length > 0);
    let sent = 0;
    for (const lines of parts) {
      sockets[0]?.write(lines.map((line) => `${line}\n`).join(''));
      sent += lines.length;
      await until(() => linesOf(cli).reduce((sum, { events }) => sum + events, 0) >= sent);
    }
    await until(() => enough(printed(cli)));
    return printed(cli);
  } finally {
    cli.child.kill('SIGINT');
    await cli.ended;
    for (const socket of sockets) socket.destroy();
    server.close();
    rmSync(checkpoint, { recursive: true, force: true });
  }
}

const FAST = ['--batch-interval', '200ms'];

/** Sums of pairs over all that was printed. */
function total(out: unknown[][]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, n] of out.flat() as [string, number][]) sums[key] = (sums[key] ?? 0) + n;
  return sums;
}

describe.each([
  ['inline', '1', 'memory'],
  ['inline', '3', 'lmdb'],
  ['threads', '2', 'lmdb'],
  ['threads', '3', 'memory'],
])('engine %s with parallelism %s, state in %s', (engine, parallelism, store) => {
  const flags = [...FAST, '--engine', engine, '--parallelism', parallelism, '--state-store', store];

  test('network-wordcount counts each batch', async () => {
    const out = await withText('network-wordcount', {}, [['a b a'], ['b']], (all) => all.flat().length >= 3, flags);
    expect(total(out)).toEqual({ a: 2, b: 2 });
  });

  test('stateful-network-wordcount counts on, from the initial counts', async () => {
    const out = await withText(
      'stateful-network-wordcount',
      {},
      [['hello a'], ['hello a b']],
      (all) => all.flat().length >= 5,
      flags,
    );
    expect(out.flat().map(String).sort()).toEqual(['a,1', 'a,2', 'b,1', 'hello,2', 'hello,3']);
  });

  test('windowed-wordcount counts what is in the window, and words leave it', async () => {
    const env = { WINDOW: '800ms', SLIDE: '400ms' };
    const out = await withText('windowed-wordcount', env, [['x x y']], (all) => all.length >= 1, flags);
    expect(out[0]?.map(String).sort()).toEqual(['x,2', 'y,1']);
  });

  test('popular-tags prints the most used tags first', async () => {
    const env = { WINDOW: '4s', SLIDE: '200ms' };
    const lines = ['#a #b #c #d', '#b #c #d', '#c #d', '#d no tag'];
    const out = await withText('popular-tags', env, [lines], (all) => all.length >= 1, flags);
    expect(out[0]).toEqual([
      ['#d', 4],
      ['#c', 3],
      ['#b', 2],
    ]);
  });

  test('sessions prints a session when it has ended', async () => {
    const env = { PAUSE: '600ms' };
    const lines = ['ann /', 'bob /', 'ann /cart', 'broken'];
    const out = await withText('sessions', env, [lines], (all) => all.flat().length >= 2, flags);
    expect(out.flat().sort()).toEqual(['ann: / > /cart', 'bob: /']);
  });

  test('queue-stream counts what the program queues', async () => {
    const cli = startCli(['run', 'jobs/queue-stream.ts', '--json', '--batches', '5', ...flags]);
    expect((await cli.ended).code).toBe(0);
    expect(linesOf(cli).filter(({ events }) => events === 1000)).toHaveLength(5);
    const digits = Array.from({ length: 10 }, (_, digit) => [digit, 100]);
    for (const batch of printed(cli)) expect([...batch].sort()).toEqual(digits);
  });
});

test.each([
  ['inline', 'inline', '1'],
  ['threads', 'threads', '2'],
  ['threads', 'inline', '3'],
])(
  'recoverable-wordcount goes on after a kill -9 from its checkpoint: %s, then %s',
  async (before, after, parallelism) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
    const output = path.join(directory, 'totals.json');
    const totals = (): Record<string, number> =>
      existsSync(output) ? Object.fromEntries(JSON.parse(readFileSync(output, 'utf8'))) : {};
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const env = { HOST: '127.0.0.1', PORT: String(typeof address === 'object' ? address?.port : 0), OUTPUT: output };
    const checkpoint = path.join(directory, 'checkpoint');
    const start = (engine: string) =>
      startCli(
        [
          ...['run', 'jobs/recoverable-wordcount.ts', '--json', '--checkpoint-dir', checkpoint, ...FAST],
          ...['--engine', engine, '--parallelism', parallelism],
        ],
        env,
      );
    const first = start(before);
    await until(() => sockets.length === 1);
    sockets[0]?.write('the cat\ncat\n');
    // Only what has committed outlives the kill: nobody keeps the lines of a text server.
    await until(() => linesOf(first).reduce((sum, { events }) => sum + events, 0) === 2);
    first.child.kill('SIGKILL');
    await first.ended;
    const second = start(after);
    await until(() => sockets.length === 2);
    sockets[1]?.write('cat dog\n');
    await until(() => totals()['dog'] === 1);
    second.child.kill('SIGINT');
    await second.ended;
    server.close();
    expect(totals()).toEqual({ the: 1, cat: 3, dog: 1 });
    expect(printed(second).flat().map(String)).toContain('cat,3');
    expect(second.stdout()).not.toContain('"the"');
    rmSync(directory, { recursive: true, force: true });
  },
);

test('flume-event-count counts what an RPC client sends', async () => {
  const port = await freePort();
  const cli = startCli(['run', 'jobs/flume-event-count.ts', '--json', ...FAST], { PORT: String(port) });
  await until(() => cli.stderr().includes('started'));
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
  await client.appendBatch(['a', 'b', 'c'].map((body) => ({ body })));
  await client.close();
  await until(() => linesOf(cli).some(({ events }) => events > 0));
  cli.child.kill('SIGINT');
  await cli.ended;
  expect(printed(cli).flat()).toContain('Received 3 flume events.');
});

test('flume-polling-event-count counts what an agent’s Spark sink holds', async () => {
  const port = await freePort();
  const conf = fileURLToPath(new URL('../fixtures/seq-spark-sink.conf', import.meta.url));
  const agent = startCli(['agent', '-n', 'a1', '-f', conf], { SINK_PORT: String(port) });
  await until(() => agent.stderr().includes('agent a1 runs'));
  const cli = startCli(['run', 'jobs/flume-polling-event-count.ts', '--json', ...FAST], { SINKS: `127.0.0.1:${port}` });
  await until(() => linesOf(cli).reduce((sum, { events }) => sum + events, 0) >= 30);
  cli.child.kill('SIGINT');
  await cli.ended;
  agent.child.kill('SIGINT');
  await agent.ended;
  const counts = printed(cli)
    .flat()
    .map((text) => Number(/\d+/.exec(String(text))?.[0]));
  expect(counts.reduce((a, b) => a + b, 0)).toBe(30);
});

test('every job has a golden test', () => {
  const jobs = readdirSync(fileURLToPath(new URL('../../jobs', import.meta.url)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace('.ts', ''))
    .sort();
  const tested = [
    'network-wordcount',
    'stateful-network-wordcount',
    'windowed-wordcount',
    'popular-tags',
    'sessions',
    'queue-stream',
  ];
  expect(jobs).toEqual(
    [
      ...tested,
      'recoverable-wordcount',
      'flume-event-count',
      'flume-polling-event-count',
      'wordcount',
      'wordcount-pull',
    ].sort(),
  );
});
