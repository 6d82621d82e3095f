/** What the example jobs print, whatever engine they run on: each is run by the command line with flags of the test's, and judged. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { startCli } from './cli.ts';
import { eventsOf, linesOf, printed, textServer, whileRuns, withText } from './golden-run.ts';
import { freePort } from './ports.ts';

/** How all of them are run. */
export const FAST: readonly string[] = ['--batch-interval', '200ms'];

/** An example job. */
export interface GoldenJob {
  readonly job: string;
  readonly does: string;
  /** Runs it. @param flags of the command line: which engine @throws where it does something else */
  readonly check: (flags: readonly string[]) => Promise<void>;
}

/** Sums of pairs over all that was printed. */
function total(out: unknown[][]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, n] of out.flat() as [string, number][]) sums[key] = (sums[key] ?? 0) + n;
  return sums;
}

const networkWordcount: GoldenJob = {
  job: 'network-wordcount',
  does: 'counts each batch',
  check: async (flags) => {
    const enough = (all: unknown[][]): boolean => all.flat().length >= 3;
    const out = await withText({ job: 'network-wordcount', parts: [['a b a'], ['b']], enough }, flags);
    expect(total(out)).toEqual({ a: 2, b: 2 });
  },
};

const statefulNetworkWordcount: GoldenJob = {
  job: 'stateful-network-wordcount',
  does: 'counts on, from the initial counts',
  check: async (flags) => {
    const enough = (all: unknown[][]): boolean => all.flat().length >= 5;
    const parts = [['hello a'], ['hello a b']];
    const out = await withText({ job: 'stateful-network-wordcount', parts, enough }, flags);
    expect(out.flat().map(String).sort()).toEqual(['a,1', 'a,2', 'b,1', 'hello,2', 'hello,3']);
  },
};

const windowedWordcount: GoldenJob = {
  job: 'windowed-wordcount',
  does: 'counts what is in the window, and words leave it',
  check: async (flags) => {
    const env = { WINDOW: '800ms', SLIDE: '400ms' };
    const enough = (all: unknown[][]): boolean => all.length >= 1;
    const out = await withText({ job: 'windowed-wordcount', env, parts: [['x x y']], enough }, flags);
    expect(out[0]?.map(String).sort()).toEqual(['x,2', 'y,1']);
  },
};

const popularTags: GoldenJob = {
  job: 'popular-tags',
  does: 'prints the most used tags first',
  check: async (flags) => {
    const env = { WINDOW: '4s', SLIDE: '200ms' };
    const lines = ['#a #b #c #d', '#b #c #d', '#c #d', '#d no tag'];
    const enough = (all: unknown[][]): boolean => all.length >= 1;
    const out = await withText({ job: 'popular-tags', env, parts: [lines], enough }, flags);
    expect(out[0]).toEqual([
      ['#d', 4],
      ['#c', 3],
      ['#b', 2],
    ]);
  },
};

const sessions: GoldenJob = {
  job: 'sessions',
  does: 'prints a session when it has ended',
  check: async (flags) => {
    const env = { PAUSE: '600ms' };
    const lines = ['ann /', 'bob /', 'ann /cart', 'broken'];
    const enough = (all: unknown[][]): boolean => all.flat().length >= 2;
    const out = await withText({ job: 'sessions', env, parts: [lines], enough }, flags);
    expect(out.flat().sort()).toEqual(['ann: / > /cart', 'bob: /']);
  },
};

const queueStream: GoldenJob = {
  job: 'queue-stream',
  does: 'counts what the program queues',
  check: async (flags) => {
    const cli = startCli(['run', 'jobs/queue-stream.ts', '--json', '--batches', '5', ...flags]);
    expect((await cli.ended).code).toBe(0);
    expect(linesOf(cli).filter(({ events }) => events === 1000)).toHaveLength(5);
    const digits = Array.from({ length: 10 }, (_, digit) => [digit, 100]);
    for (const batch of printed(cli)) expect([...batch].sort()).toEqual(digits);
  },
};

/** Jobs that say nothing of an engine but what they compute. */
export const GOLDEN_JOBS: readonly GoldenJob[] = [
  networkWordcount,
  statefulNetworkWordcount,
  windowedWordcount,
  popularTags,
  sessions,
  queueStream,
];

/** recoverable-wordcount is killed, and goes on from its checkpoint. @param before flags of its first run @param after those of the next */
export async function checkRecoverable(before: readonly string[], after: readonly string[]): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  const output = path.join(directory, 'totals.json');
  const totals = (): Record<string, number> =>
    existsSync(output) ? Object.fromEntries(JSON.parse(readFileSync(output, 'utf8'))) : {};
  const server = await textServer();
  const env = { HOST: '127.0.0.1', PORT: String(server.port), OUTPUT: output };
  const checkpoint = path.join(directory, 'checkpoint');
  const start = (flags: readonly string[]) =>
    startCli(['run', 'jobs/recoverable-wordcount.ts', '--json', '--checkpoint-dir', checkpoint, ...flags], env);
  const first = start(before);
  await whileRuns(first, () => server.sockets.length === 1);
  server.sockets[0]?.write('the cat\ncat\n');
  // Only what has committed outlives the kill: nobody keeps the lines of a text server.
  await whileRuns(first, () => eventsOf(first) === 2);
  first.child.kill('SIGKILL');
  await first.ended;
  const second = start(after);
  await whileRuns(second, () => server.sockets.length === 2);
  server.sockets[1]?.write('cat dog\n');
  await whileRuns(second, () => totals()['dog'] === 1);
  second.child.kill('SIGINT');
  await second.ended;
  server.close();
  expect(totals()).toEqual({ the: 1, cat: 3, dog: 1 });
  expect(printed(second).flat().map(String)).toContain('cat,3');
  expect(second.stdout()).not.toContain('"the"');
  rmSync(directory, { recursive: true, force: true });
}

/** Jobs that events of Flume's come to. */
export const GOLDEN_FLUME_JOBS: readonly GoldenJob[] = [
  {
    job: 'flume-event-count',
    does: 'counts what an RPC client sends',
    check: async (flags) => {
      const port = await freePort();
      const cli = startCli(['run', 'jobs/flume-event-count.ts', '--json', ...flags], { PORT: String(port) });
      await whileRuns(cli, () => cli.stderr().includes('started'));
      const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
      await client.appendBatch(['a', 'b', 'c'].map((body) => ({ body })));
      await client.close();
      await whileRuns(cli, () => linesOf(cli).some(({ events }) => events > 0));
      cli.child.kill('SIGINT');
      await cli.ended;
      expect(printed(cli).flat()).toContain('Received 3 flume events.');
    },
  },
  {
    job: 'flume-polling-event-count',
    does: 'counts what an agent’s Spark sink holds',
    check: async (flags) => {
      const port = await freePort();
      const conf = fileURLToPath(new URL('../fixtures/seq-spark-sink.conf', import.meta.url));
      const agent = startCli(['agent', '-n', 'a1', '-f', conf], { SINK_PORT: String(port) });
      await whileRuns(agent, () => agent.stderr().includes('agent a1 runs'));
      const sinks = { SINKS: `127.0.0.1:${port}` };
      const cli = startCli(['run', 'jobs/flume-polling-event-count.ts', '--json', ...flags], sinks);
      await whileRuns(cli, () => eventsOf(cli) >= 30);
      cli.child.kill('SIGINT');
      await cli.ended;
      agent.child.kill('SIGINT');
      await agent.ended;
      const counts = printed(cli)
        .flat()
        .map((text) => Number(/\d+/.exec(String(text))?.[0]));
      expect(counts.reduce((a, b) => a + b, 0)).toBe(30);
    },
  },
];
