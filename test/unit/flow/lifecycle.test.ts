/** A context from its making to its end: started without await, stopped while it starts, stopped twice, never started. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { filter, map } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { nodeFiles } from '../../../src/core/files.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

function rig(options: Partial<StreamingContextOptions> = {}) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {}, ...options });
  onTestFinished(() => ssc.stop({ graceful: false }));
  const out: unknown[] = [];
  const { stream, push } = ssc.valuesStream<unknown>();
  stream.foreachRDD(async (rdd) => void out.push(...(await rdd.collect())));
  let completed = false;
  ssc.events$.subscribe({ complete: () => (completed = true) });
  return { ssc, clock, lines, out, push, completed: () => completed };
}

/** Files whose directories never come to be made: a file system that does not answer. */
const stuck = { ...nodeFiles, makeDirectory: () => new Promise<void>(() => {}) };

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

test('a start that nobody awaits is a start: stop and awaitTermination know of it', async () => {
  const { ssc, clock, out, push, completed } = rig();
  void ssc.start();
  const ended = ssc.awaitTermination();
  await until(() => ssc.receivers.every(({ state }) => state === 'running'));
  push([1]);
  const stopped = ssc.stop();
  await until(() => {
    clock.advance(100);
    return completed();
  });
  await stopped;
  await ended;
  expect(out).toEqual([1]);
  expect(ssc.getState()).toBe('stopped');
});

test('a stop at once ends a start that waits for the system', async () => {
  const { ssc, completed } = rig({ checkpointDir: ownDirectory(), files: stuck });
  const started = codeOf(ssc.start());
  await ssc.stop({ graceful: false });
  expect(await started).toBe('CONTEXT_STATE');
  await ssc.awaitTermination();
  expect(completed()).toBe(true);
});

test('a graceful stop of such a start ends when its time is over', async () => {
  const { ssc, clock } = rig({ checkpointDir: ownDirectory(), files: stuck });
  const started = codeOf(ssc.start());
  const stopped = ssc.stop({ timeout: '5s' });
  clock.advance(5000);
  await stopped;
  expect(await started).toBe('CONTEXT_STATE');
});

test('what a start opens after it was stopped is closed again: the directory is free', async () => {
  const directory = ownDirectory();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = {
    ...nodeFiles,
    makeDirectory: async (at: string) => {
      await held;
      await nodeFiles.makeDirectory(at);
    },
  };
  const { ssc } = rig({ checkpointDir: directory, files: slow });
  const started = codeOf(ssc.start());
  await ssc.stop({ graceful: false });
  release();
  expect(await started).toBe('CONTEXT_STATE');
  const second = rig({ checkpointDir: directory });
  await until(async () => (await codeOf(rig({ checkpointDir: directory }).ssc.start())) === undefined);
  expect(second.ssc.getState()).toBe('initialized');
});

test('a checkpoint directory that cannot be made is an error, not a wait', async () => {
  const { ssc } = rig({ checkpointDir: '/proc/nope/deeper' });
  expect(await codeOf(ssc.start())).toBe('FILE_ACCESS');
  const file = path.join(ownDirectory(), 'file');
  fs.writeFileSync(file, '');
  expect(await codeOf(rig({ checkpointDir: path.join(file, 'below') }).ssc.start())).toBe('FILE_ACCESS');
});

test('a failed start is what awaitTermination rejects with, and events$ completes', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await until(() => server.listening);
  onTestFinished(() => void server.close());
  const { ssc, completed } = rig();
  ssc.flumeStream({ host: '127.0.0.1', port: (server.address() as net.AddressInfo).port }).print();
  expect(await codeOf(ssc.start())).toBe('PORT_IN_USE');
  expect(await codeOf(ssc.awaitTermination())).toBe('PORT_IN_USE');
  expect(completed()).toBe(true);
  expect(ssc.getState()).toBe('stopped');
});

test('a stop with options that it does not have changes nothing: the next one stops', async () => {
  const { ssc, clock } = rig();
  await ssc.start();
  expect(await codeOf(ssc.stop({ timeout: 'soon' }))).toBe('CONFIG_INVALID');
  expect(await codeOf(ssc.stop({ gracefull: false } as object))).toBe('CONFIG_UNKNOWN');
  expect(ssc.getState()).toBe('active');
  const stopped = ssc.stop();
  await turn();
  clock.advance(1000);
  await stopped;
  expect(ssc.getState()).toBe('stopped');
});

test('a stop before the start ends the context for those who wait', async () => {
  const { ssc, completed } = rig();
  const ended = ssc.awaitTermination();
  await ssc.stop();
  await ended;
  expect(completed()).toBe(true);
  expect(await codeOf(ssc.start())).toBe('CONTEXT_STATE');
});

test('a stop right behind a start that nobody awaits stops', async () => {
  const { ssc, clock, completed } = rig();
  void ssc.start();
  const stopped = ssc.stop();
  await until(() => {
    clock.advance(100);
    return completed();
  });
  await stopped;
  expect(ssc.getState()).toBe('stopped');
});

test('a graceful stop of a job whose batches take longer than the interval leaves out those that come due meanwhile', async () => {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
  const { stream, push } = ssc.valuesStream<number>();
  const times: number[] = [];
  const out: number[] = [];
  stream.foreachRDD(async (rdd, time) => {
    times.push(time);
    out.push(...(await rdd.collect()));
    // Each batch takes one and a half intervals.
    clock.advance(1500);
  });
  await ssc.start();
  push([1]);
  clock.advance(1000);
  await until(() => times.length > 2);
  push([2, 3]);
  await ssc.stop();
  expect(out).toEqual([1, 2, 3]);
  expect(lines.some(({ message }) => message.includes('all that was received has committed'))).toBe(true);
  expect(lines.some(({ message }) => message.includes('timed out'))).toBe(false);
});

test('a stop that waits for an output says which, since that output may be waiting for the stop', async () => {
  const { ssc, clock, lines, push } = rig();
  const stream = ssc.queueStream([[1]]);
  let inside: Promise<void> | undefined;
  stream.foreachRDD(async () => {
    inside = ssc.stop({ timeout: '20s' });
    await inside;
  });
  await ssc.start();
  push([]);
  clock.advance(1000);
  await until(() => inside !== undefined);
  await turn();
  clock.advance(3000);
  await until(() => lines.some(({ message }) => /waits for foreachRDD-1 of batch 1000.*without await/.test(message)));
  clock.advance(20_000);
  await inside;
});

test('a listener of events$ or a logger that throws ends nothing', async () => {
  const throwing = (): never => {
    throw new Error('the listener is broken');
  };
  const { ssc, clock, lines, out, push } = rig();
  ssc.events$.subscribe(throwing);
  ssc.events$.pipe(filter(({ type }) => type === 'batchCompleted')).subscribe({ next: throwing });
  ssc.events$.pipe(map(throwing)).subscribe();
  const seen: string[] = [];
  ssc.events$.pipe(map(({ type }) => type)).subscribe((type) => seen.push(type));
  await ssc.start();
  push([1]);
  clock.advance(1000);
  await until(() => seen.includes('batchCompleted'));
  expect(out).toEqual([1]);
  expect(lines.filter(({ message }) => message.includes('the listener is broken')).length).toBeGreaterThan(2);

  const broken = { debug: throwing, info: throwing, warn: throwing, error: throwing, child: () => broken };
  const other = rig({ log: broken });
  await other.ssc.start();
  other.push([2]);
  other.clock.advance(1000);
  await until(() => other.out.length > 0);
});
