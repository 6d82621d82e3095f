/** What threads spend their time on: the profile of a process that works, and trees of made-up profiles. */
import type { Profiler as V8 } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FlameNode, flameTree } from '../../../src/observe/profile/flame-tree.ts';
import { Profiler } from '../../../src/observe/profile/profiler.ts';

/** A profile of functions that call each other: name, numbers of the called, ms in it. */
function profileOf(
  functions: readonly (readonly [name: string, children: readonly number[], ms: number])[],
): V8.Profile {
  const samples: number[] = [];
  const timeDeltas: number[] = [0];
  for (const [id, [, , ms]] of functions.entries()) {
    if (ms === 0) continue;
    samples.push(id);
    timeDeltas.push(ms * 1000);
  }
  return {
    startTime: 0,
    endTime: 1,
    samples,
    timeDeltas,
    nodes: functions.map(([functionName, children], id) => ({
      id,
      children: [...children],
      callFrame: { functionName, scriptId: '1', url: 'job.ts', lineNumber: id, columnNumber: 0 },
    })),
  };
}

const placeOf = (url: string, line: number): string => `${url}:${line}`;

function named(node: FlameNode, name: string): FlameNode | undefined {
  if (node.name.includes(name)) return node;
  for (const child of node.children) {
    const found = named(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('a tree', () => {
  it('has the time of each function, in it and below it, and leaves out what was idle', () => {
    const { idleMs, root } = flameTree(
      profileOf([
        ['(root)', [1, 4], 0],
        ['batch', [2, 3], 1],
        ['map', [], 5],
        ['filter', [], 2],
        ['(idle)', [], 100],
      ]),
      placeOf,
    );
    expect(idleMs).toBe(100);
    expect(root).toMatchObject({ totalMs: 8, selfMs: 0 });
    expect(root.children).toMatchObject([{ name: 'batch', place: 'job.ts:2', totalMs: 8, selfMs: 1 }]);
    expect(root.children[0]?.children.map(({ name, totalMs }) => [name, totalMs])).toEqual([
      ['map', 5],
      ['filter', 2],
    ]);
  });

  it('gives what is too small to be seen to what called it, so that nothing is lost', () => {
    const small = Array.from({ length: 50 }, (_, i) => [`f${i}`, [], 1] as const);
    const { root } = flameTree(
      profileOf([['(root)', small.map((_, i) => i + 2), 0], ['unused', [], 0], ...small, ['large', [], 0]]),
      placeOf,
    );
    expect(root.totalMs).toBe(50);
    const tree = flameTree(
      profileOf([
        ['(root)', [1, 2], 0],
        ['large', [], 9_999],
        ['small', [], 1],
      ]),
      placeOf,
    ).root;
    expect(tree.children.map(({ name }) => name)).toEqual(['large']);
    expect(tree).toMatchObject({ totalMs: 10_000, selfMs: 1 });
  });

  it('has a bound on its functions, however many were called', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => [`f${i}`, [], 1 + (i % 7)] as const);
    const { root } = flameTree(profileOf([['(root)', many.map((_, i) => i + 1), 0], ...many]), placeOf);
    const size = (node: FlameNode): number => 1 + node.children.reduce((sum, child) => sum + size(child), 0);
    expect(size(root)).toBeLessThanOrEqual(3002);
    expect(root.totalMs).toBe(many.reduce((sum, [, , ms]) => sum + ms, 0));
  });
});

describe('the profiler', () => {
  it('sees what each thread does, under its own name', { timeout: 30_000 }, async () => {
    // V8 12 and later see little of a function of a worker before it has run for a while.
    const code = `let calls = 0;
      const spinInWorker = () => { let s = 0; for (let i = 0; i < 1e6; i++) s += Math.sqrt(i); return s; };
      setInterval(() => { spinInWorker(); if (++calls === 1000) require('node:worker_threads').parentPort.postMessage('warm'); }, 1);`;
    const worker = new Worker(code, { eval: true, name: 'streamjob-7' });
    onTestFinished(async () => void (await worker.terminate()));
    await new Promise((resolve) => worker.once('message', resolve));
    const timer = setInterval(function spinInMain() {
      let sum = 0;
      for (let i = 0; i < 3e6; i++) sum += Math.sqrt(i);
      return sum;
    }, 5);
    onTestFinished(() => clearInterval(timer));
    const profiler = new Profiler();
    const [threads, same] = await Promise.all([profiler.profile(1), profiler.profile(1)]);
    expect(same).toBe(threads);
    const main = threads.find(({ thread }) => thread === 'main');
    const other = threads.find(({ thread }) => thread === 'streamjob-7');
    expect(named(main?.root as FlameNode, 'spinInMain')).toMatchObject({
      place: expect.stringMatching(/^test\/unit\/observe\/profile\.test\.ts:\d+$/),
    });
    expect(named(other?.root as FlameNode, 'spinInWorker')).toBeDefined();
  });

  it('leaves out a thread that ends meanwhile', { timeout: 30_000 }, async () => {
    const worker = new Worker('setTimeout(() => process.exit(0), 300)', { eval: true, name: 'short' });
    await new Promise((resolve) => worker.once('online', resolve));
    const threads = await new Profiler().profile(1);
    expect(threads.map(({ thread }) => thread)).toContain('main');
    expect(threads.map(({ thread }) => thread)).not.toContain('short');
  });
});
