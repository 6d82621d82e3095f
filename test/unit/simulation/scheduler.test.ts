/** The queue of a simulation: order, ties, complete draining between events, processes that are paused and killed. */
import { describe, expect, test } from 'vitest';
import { SimClock } from '../../../src/simulation/machine/clock.ts';
import { SimProcess } from '../../../src/simulation/machine/process.ts';
import { Random } from '../../../src/simulation/machine/random.ts';
import { Scheduler } from '../../../src/simulation/machine/scheduler.ts';
import { Trace } from '../../../src/simulation/machine/trace.ts';

const FOREVER = { deadline: Number.POSITIVE_INFINITY };

function make(seed = 1) {
  const world = { id: 0, name: 'world', state: 'running', hold() {} } as const;
  const crashes: unknown[] = [];
  const scheduler = new Scheduler(seed, new Trace(100), world, (_, error) => crashes.push(error));
  const process = (id: number): SimProcess => new SimProcess(id, `p${id}`, new Random(`${seed}/${id}`), scheduler);
  return { scheduler, process, crashes };
}

describe('random numbers', () => {
  test('are the same for a seed, and others for another', () => {
    const draw = (random: Random): number[] => Array.from({ length: 20 }, () => random.bits());
    expect(draw(new Random(7))).toEqual(draw(new Random('7')));
    expect(draw(new Random(7))).not.toEqual(draw(new Random(8)));
  });

  test('of a fork do not depend on what was drawn before', () => {
    const [one, other] = [new Random(7), new Random(7)];
    one.unit();
    expect(one.fork('disk').uuid()).toBe(other.fork('disk').uuid());
    expect(one.fork('disk').uuid()).not.toBe(one.fork('net').uuid());
  });

  test('lie evenly between their bounds', () => {
    const random = new Random('even');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const value = random.int(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1150);
    expect(random.shuffle([1, 2, 3, 4]).toSorted()).toEqual([1, 2, 3, 4]);
  });
});

describe('events', () => {
  test('run by their time, and those of one process at one time in their order', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    const seen: string[] = [];
    const random = new Random('times');
    for (let i = 0; i < 1000; i++) {
      const ms = random.int(50);
      scheduler.after(ms, one, 'test', '', () => seen.push(`${String(ms).padStart(2)} ${String(i).padStart(4)}`));
    }
    await scheduler.run(FOREVER);
    expect(seen).toHaveLength(1000);
    expect(seen).toEqual(seen.toSorted());
    expect(scheduler.now).toBe(49);
  });

  test('of several processes at one time run in an order of the seed', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { scheduler, process } = make(seed);
      let order = '';
      for (const id of [1, 2, 3]) scheduler.after(5, process(id), 'test', '', () => (order += id));
      await scheduler.run(FOREVER);
      orders.add(order);
    }
    expect(orders.size).toBeGreaterThan(3);
  });

  test('begin when nothing of the event before is left to run', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    const seen: string[] = [];
    const chain = async (name: string): Promise<void> => {
      for (let i = 0; i < 300; i++) {
        await null;
        if (i % 10 === 0) await new Promise<void>((resolve) => globalThis.process.nextTick(resolve));
      }
      seen.push(`${name} done`);
    };
    for (const name of ['a', 'b', 'c']) {
      scheduler.after(1, one, 'test', '', () => {
        seen.push(name);
        void chain(name);
      });
    }
    await scheduler.run(FOREVER);
    expect(seen).toEqual(['a', 'a done', 'b', 'b done', 'c', 'c done']);
  });

  test('that were cancelled do not run, however many', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    const events = Array.from({ length: 5000 }, (_, i) => scheduler.after(i, one, 'test', '', () => ran.push(i)));
    const ran: number[] = [];
    for (const [i, event] of events.entries()) if (i % 100 !== 0) scheduler.cancel(event);
    expect(scheduler.waiting).toBe(50);
    await scheduler.run(FOREVER);
    expect(ran).toEqual(Array.from({ length: 50 }, (_, i) => i * 100));
  });

  test('are run until a condition holds, or to a deadline', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    let count = 0;
    const again = (): void => {
      count++;
      one.after(10, 'test', again);
    };
    again();
    expect(await scheduler.run({ until: () => count === 5, deadline: 1000 })).toBe(true);
    expect([count, scheduler.now]).toEqual([5, 40]);
    expect(await scheduler.run({ until: () => count === 50, deadline: 95 })).toBe(false);
    expect([count, scheduler.now]).toEqual([10, 95]);
  });

  test('that throw are told with their process', async () => {
    const { scheduler, process, crashes } = make();
    process(1).after(1, 'test', () => {
      throw new Error('no');
    });
    await scheduler.run(FOREVER);
    expect(crashes).toEqual([new Error('no')]);
  });
});

describe('a process', () => {
  test('whose code runs is known wherever its promises go on', async () => {
    const { scheduler, process } = make();
    const seen: string[] = [];
    const work = async (own: SimProcess): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await new Promise<void>((resolve) => own.after(own.random.int(5), 'timer', resolve));
        await null;
        seen.push(`${own.name} ${scheduler.current.name}`);
      }
    };
    const all = [1, 2, 3].map(process);
    const done = Promise.all(all.map((own) => own.run(() => work(own))));
    await scheduler.run(FOREVER);
    await done;
    expect(new Set(seen)).toEqual(new Set(['p1 p1', 'p2 p2', 'p3 p3']));
    expect(scheduler.current.name).toBe('world');
  });

  test('that is killed never goes on', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    let steps = 0;
    void one.run(async () => {
      for (;;) {
        await new Promise<void>((resolve) => void one.after(1, 'timer', resolve));
        steps++;
      }
    });
    await scheduler.run({ deadline: 10 });
    const before = steps;
    const ends: string[] = [];
    one.onEnd((end) => ends.push(end));
    one.kill();
    one.kill('power');
    await scheduler.run({ deadline: 100 });
    expect(before).toBeGreaterThan(5);
    expect([steps, ends, one.alive]).toEqual([before, ['kill'], false]);
  });

  test('that is paused gets what it missed when it goes on, but for what was cancelled', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(`${what} at ${scheduler.now}`);
    one.after(10, 'test', note('a'));
    const cancel = one.after(20, 'test', note('b'));
    one.after(30, 'test', note('c'));
    one.after(60, 'test', note('d'));
    one.pause();
    await scheduler.run({ deadline: 50 });
    expect(seen).toEqual([]);
    cancel();
    one.resume();
    await scheduler.run(FOREVER);
    expect(seen).toEqual(['a at 50', 'c at 50', 'd at 60']);
  });

  test('has its turns in their order', async () => {
    const { scheduler, process } = make();
    const one = process(1);
    const seen: number[] = [];
    for (let i = 0; i < 50; i++) one.soon(() => seen.push(i));
    await scheduler.run(FOREVER);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(scheduler.now).toBeGreaterThan(0);
  });
});

describe('a trace', () => {
  async function traceOf(seed: number): Promise<{ hash: string; events: number }> {
    const { scheduler, process } = make(seed);
    const all = [1, 2, 3, 4].map(process);
    for (const own of all) {
      const again = (): void => void own.after(own.random.between(0, 3), 'tick', again);
      again();
    }
    await scheduler.run({ deadline: 500 });
    return { hash: scheduler.trace.hash(), events: scheduler.trace.events };
  }

  test('is the same for the same seed, and another for another', async () => {
    const first = await traceOf(1);
    expect(first.events).toBeGreaterThan(1000);
    expect(await traceOf(1)).toEqual(first);
    const hashes = new Set([first.hash]);
    for (let seed = 2; seed < 12; seed++) hashes.add((await traceOf(seed)).hash);
    expect(hashes.size).toBe(11);
  });

  test('differs when one event differs, and keeps the last lines', () => {
    const hashOf = (...details: string[]): string => {
      const trace = new Trace(2);
      for (const detail of details) trace.add(1, 'kind', 'who', detail);
      return `${trace.hash()} ${trace.lines.length}`;
    };
    const all = [hashOf('a', 'b', 'c'), hashOf('a', 'c', 'b'), hashOf('ab', 'c'), hashOf('a', 'bc'), hashOf('a', 'b')];
    expect(new Set(all).size).toBe(5);
    expect(all[0]).toMatch(/^[0-9a-f]{16} 2$/);
  });
});

describe('clocks', () => {
  test('drift and are set', () => {
    let now = 0;
    const clock = new SimClock(() => now, 1_000_000_000_500, 1.001);
    const before = clock.monotonicMs();
    expect(clock.wallMs()).toBe(1_000_000_000_500);
    now = 1000;
    expect(clock.wallMs()).toBe(1_000_000_001_501);
    clock.jump(-60_000);
    expect(clock.wallMs()).toBe(999_999_941_501);
    expect(clock.monotonicMs() - before).toBeCloseTo(1001);
    clock.rate = 0.5;
    now = 2000;
    expect(clock.wallMs()).toBe(999_999_942_001);
    expect(clock.trueMs(100)).toBe(200);
  });
});
