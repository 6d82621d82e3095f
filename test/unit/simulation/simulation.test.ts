/** The machine that a simulation puts in place: times, timers, random numbers and errors are those of the process whose code runs. */
import diagnostics from 'node:diagnostics_channel';
import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import {
  every,
  fs,
  fsSync,
  monotonicMs,
  nextLoop,
  random,
  randomBytes,
  realMachine,
  after as startTimer,
  timeoutSignal,
  tls,
  uuid,
  wallMs,
} from '../../../src/core/machine.ts';
import { reached } from '../../../src/core/points.ts';
import { nextTurn } from '../../../src/core/turn.ts';
import { type HostProcess, Simulation } from '../../../src/simulation/machine/index.ts';

const MINUTE = 60_000;
const START = 1_767_225_600_000;

describe('time', () => {
  test('is that of the host, and waiting takes none of ours', async () => {
    const simulation = new Simulation({ seed: 1 });
    const early = simulation.host('early', { clockAheadMs: 5000 }).spawn('p');
    const fast = simulation.host('fast', { clockRate: 2 }).spawn('p');
    await simulation.play(async () => {
      expect(wallMs()).toBe(START);
      const before = await early.run(() => [wallMs(), monotonicMs()]);
      await Promise.all([early, fast].map((process) => process.run(() => sleep(systemClock, 30 * MINUTE))));
      const later = await early.run(() => [wallMs(), monotonicMs()]);
      expect(later.map((ms, at) => Math.round(ms - (before[at] ?? 0)))).toEqual([30 * MINUTE, 30 * MINUTE]);
      expect(before[0]).toBe(START + 5000);
      expect(await fast.run(wallMs)).toBe(START + 60 * MINUTE);
    }, 60 * MINUTE);
    expect(simulation.now).toBeCloseTo(30 * MINUTE);
    expect(wallMs()).toBeGreaterThan(START + 31 * MINUTE);
  });

  test('of a clock that is set back: the system clock goes on', async () => {
    const simulation = new Simulation({ seed: 1 });
    const process = simulation.host('a').spawn('p');
    const other = simulation.host('b').spawn('p');
    const times: number[] = [];
    await simulation.play(async () => {
      for (const jump of [0, -10_000, 20_000]) {
        process.host.clock.jump(jump);
        await simulation.sleep(1000);
        times.push(await process.run(() => systemClock.now()), await other.run(() => systemClock.now()));
      }
    }, MINUTE);
    expect(times.map((time) => time - START)).toEqual([1000, 1000, 2000, 2000, 13_000, 3000]);
  });

  test('of a signal passes as that of timers does', async () => {
    const simulation = new Simulation({ seed: 1 });
    await simulation.play(async () => {
      const { signal } = timeoutSignal(5000);
      const ended = timeoutSignal(1000);
      ended.end();
      await sleep(systemClock, 4000);
      expect([signal.aborted, ended.signal.aborted]).toEqual([false, false]);
      await sleep(systemClock, 2000);
      expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
      expect(ended.signal.aborted).toBe(false);
    }, MINUTE);
  });

  test('has timers that fire once, again and again, or not at all', async () => {
    const simulation = new Simulation({ seed: 1 });
    const seen: string[] = [];
    const note = (what: string) => () => void seen.push(`${what} ${Math.round(simulation.now)}`);
    await simulation.play(async () => {
      startTimer(0, note('at once'));
      startTimer(20, note('never'))();
      const end = every(10, note('every'));
      startTimer(35, () => end());
      await sleep(systemClock, 100);
    }, MINUTE);
    expect(seen).toEqual(['at once 1', 'every 10', 'every 20', 'every 30']);
  });
});

describe('processes', () => {
  test('do not share turns of long work: one that is killed keeps nobody waiting', async () => {
    const simulation = new Simulation({ seed: 1 });
    const [one, other] = ['a', 'b'].map((name) => simulation.host(name).spawn('p')) as [HostProcess, HostProcess];
    let turns = 0;
    void one.run(async () => {
      for (;;) await nextTurn();
    });
    await simulation.runFor(1);
    one.kill();
    await simulation.play(
      () =>
        other.run(async () => {
          for (; turns < 10; turns++) await nextTurn();
        }),
      MINUTE,
    );
    expect(turns).toBe(10);
  });

  test('draw from streams of their own', async () => {
    const drawn = async (seed: number): Promise<unknown[]> => {
      const simulation = new Simulation({ seed });
      const draw = (): unknown[] => [random(), uuid(), randomBytes(4).toString('hex')];
      return simulation.play(
        () => Promise.all(['a', 'b'].map((name) => simulation.host(name).spawn('p').run(draw))),
        MINUTE,
      );
    };
    const first = await drawn(1);
    expect(first[0]).not.toEqual(first[1]);
    expect(await drawn(1)).toEqual(first);
    expect(await drawn(2)).not.toEqual(first);
  });

  test('that were killed do nothing more, not even what they had asked for', async () => {
    const simulation = new Simulation({ seed: 1 });
    const process = simulation.host('a').spawn('p');
    let after = '';
    void process.run(async () => {
      process.kill();
      after += 'same event';
      expect(() => fsSync.existsSync('/data') || fsSync.readdirSync('/data')).toThrow('was killed');
      await fs.writeFile('/data/never', 'x');
      after += ', later';
    });
    await simulation.runFor(MINUTE);
    expect(after).toBe('same event');
    expect(process.host.disk.paths()).toEqual([]);
  });

  test('that are stopped for a while go on behind their timers', async () => {
    const simulation = new Simulation({ seed: 1 });
    const process = simulation.host('a').spawn('p');
    const seen: number[] = [];
    void process.run(async () => {
      for (;;) {
        await sleep(systemClock, 10);
        await fs.stat('/data');
        seen.push(Math.floor(simulation.now / 100));
      }
    });
    await simulation.runFor(100);
    process.pause();
    await simulation.runFor(300);
    process.resume();
    await simulation.runFor(100);
    expect(new Set(seen)).toEqual(new Set([0, 4]));
  });
});

test('a host loses its power at a point of the code, which does nothing more', async () => {
  const channel = diagnostics.channel('streamjob:point');
  const simulation = new Simulation({ seed: 1 });
  const host = simulation.host('a');
  let went = '';
  const cut = (point: unknown): void => {
    if (point === 'before-rename') simulation.running?.host.cutPower();
  };
  channel.subscribe(cut);
  try {
    void host.spawn('p').run(async () => {
      reached('logged');
      await fs.writeFile('/data/file', 'content');
      went += 'written';
      reached('before-rename');
      await fs.rename('/data/file', '/data/done');
      went += ', renamed';
    });
    await simulation.runFor(MINUTE);
  } finally {
    channel.unsubscribe(cut);
  }
  expect([went, host.up]).toEqual(['written', false]);
  expect(host.disk.paths()).not.toContain('/data/done');
});

describe('an error that nobody catches', () => {
  const mistakes: [string, () => unknown][] = [
    ['thrown in a timer', () => startTimer(1, fail)],
    ['of a promise', () => void Promise.reject(new Error('a mistake'))],
    ['thrown in a tick', () => process.nextTick(fail)],
  ];
  function fail(): never {
    throw new Error('a mistake');
  }

  test.each(mistakes)('%s ends its process, and the run with it', async (_, mistake) => {
    const simulation = new Simulation({ seed: 1 });
    const own = simulation.host('a').spawn('p');
    void own.run(() => void mistake());
    await expect(simulation.runFor(MINUTE)).rejects.toThrow('a mistake');
    expect(own.alive).toBe(false);
  });

  test.each(mistakes)('%s ends its process alone when that is wanted', async (_, mistake) => {
    const crashes: string[] = [];
    const simulation = new Simulation({ seed: 1, onCrash: (own, error) => crashes.push(`${own.name}: ${error}`) });
    const [own, other] = ['a', 'b'].map((name) => simulation.host(name).spawn('p')) as [HostProcess, HostProcess];
    let turns = 0;
    void other.run(async () => {
      for (; turns < 1000; turns++) await nextLoop();
    });
    void own.run(() => void mistake());
    await simulation.runFor(MINUTE);
    expect(crashes).toEqual(['a/p: Error: a mistake']);
    expect([own.alive, other.alive, turns]).toEqual([false, true, 1000]);
  });
});

test('a script that does not end is told, with the last events', async () => {
  const simulation = new Simulation({ seed: 1 });
  await expect(simulation.play(() => new Promise(() => {}), 1000)).rejects.toThrow('nothing is left to happen');
  void simulation
    .host('a')
    .spawn('p')
    .run(() => void every(100, () => {}));
  await expect(simulation.play(() => new Promise(() => {}), 1000)).rejects.toThrow(/1000 ms have passed[\s\S]*timer/);
  await expect(simulation.play(() => Promise.reject(new Error('its own')), 1000)).rejects.toThrow('its own');
});

test.each<[string, () => unknown]>([
  ['Timeout', () => setTimeout(() => {}, 0)],
  ['Immediate', () => setImmediate(() => {})],
  ['ZLIB', () => zlib.createDeflate().write('x')],
  ['FSREQ', () => realMachine.fs.stat('/tmp')],
])('a call of %s that goes around the machine is found', async (type, call) => {
  const simulation = new Simulation({ seed: 1 });
  const process = simulation.host('a').spawn('p');
  await simulation.play(() => process.run(() => fs.writeFile('/data/simulated', 'x')), MINUTE);
  void process.run(() => void call());
  await expect(simulation.runFor(MINUTE)).rejects.toThrow(type);
});

test('what is not simulated says so', async () => {
  const simulation = new Simulation({ seed: 1 });
  await simulation.play(async () => {
    expect(() => fs.cp('/a', '/b')).toThrow('fs/promises.cp is not simulated');
    expect(() => tls.connect({})).toThrow('tls.connect is not simulated');
  }, 1000);
  expect(wallMs() - realMachine.wallMs()).toBeLessThan(MINUTE);
});
