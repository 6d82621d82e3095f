/** What starting and stopping of an agent's components promise. */
import { describe, expect, it } from 'vitest';
import { Lifecycle, type Part, STOP_TIMEOUT_MS } from '../../../../src/agent/runtime/lifecycle.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { settle } from '../channels/use.ts';

function parts(...names: string[]): { readonly calls: string[]; readonly made: Part[] } {
  const calls: string[] = [];
  const made = names.map((what) => ({
    what,
    start: async () => void calls.push(`start ${what}`),
    stop: async () => void calls.push(`stop ${what}`),
  }));
  return { calls, made };
}

const never = (): Promise<never> => new Promise(() => {});

/** Turns the clock until a promise has settled. */
async function turnUntil(clock: ManualClock, promise: Promise<unknown>): Promise<void> {
  let done = false;
  const over = (): void => {
    done = true;
  };
  promise.then(over, over);
  while (!done) {
    clock.advance(STOP_TIMEOUT_MS);
    await settle();
  }
}

describe('lifecycle', () => {
  it('starts group after group, stops in the reverse order, each once', async () => {
    const { calls, made } = parts('channel', 'sink', 'source');
    const lifecycle = new Lifecycle(
      made.map((part) => [part]),
      new ManualClock(),
      collectingLogger().log,
    );
    await lifecycle.start();
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(calls).toEqual(['start channel', 'start sink', 'start source', 'stop source', 'stop sink', 'stop channel']);
  });

  it('comes to the end of a stop although a component of each group hangs, and tells which', async () => {
    const { calls, made } = parts('channel c1', 'sink k1', 'source r1', 'source r2');
    const [channel, sink, source, other] = made;
    if (!channel || !sink || !source || !other) throw new Error('four parts');
    const clock = new ManualClock();
    const { log, lines } = collectingLogger();
    const hanging = (part: Part): Part => ({ ...part, stop: never });
    const groups = [[hanging(channel)], [hanging(sink)], [hanging(source), other]];
    const lifecycle = new Lifecycle(groups, clock, log);
    await lifecycle.start();
    const first = lifecycle.stop();
    await turnUntil(clock, first);
    await Promise.all([first, lifecycle.stop()]);
    expect(lifecycle.unstopped).toEqual(['source r1', 'sink k1', 'channel c1']);
    expect(calls).toContain('stop source r2');
    expect(lines.map(({ level, message }) => `${level} ${message.split(' did')[0]}`)).toEqual([
      'error source r1',
      'error sink k1',
      'error channel c1',
    ]);
  });

  it('keeps the process alive from start to stop, though no component has anything to do', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const lifecycle = new Lifecycle([parts('source').made], new ManualClock(), collectingLogger().log);
    await lifecycle.start();
    expect(timers()).toBe(before + 1);
    await lifecycle.stop();
    expect(timers()).toBe(before);
  });

  it('stops the others when one fails, and throws what it threw', async () => {
    const { calls, made } = parts('channel', 'sink');
    const failing = {
      what: 'source',
      start: async () => {},
      stop: () => Promise.reject(new Error('broken')),
    };
    const lifecycle = new Lifecycle([made, [failing]], new ManualClock(), collectingLogger().log);
    await lifecycle.start();
    await expect(lifecycle.stop()).rejects.toThrow('broken');
    expect(calls.slice(2)).toEqual(['stop channel', 'stop sink']);
  });

  it('stops a component that was being started when the stop came', async () => {
    const { calls, made } = parts('channel');
    let go = (): void => {};
    const slow: Part = {
      what: 'sink',
      start: () => new Promise((resolve) => (go = resolve)),
      stop: async () => void calls.push('stop sink'),
    };
    const lifecycle = new Lifecycle([made, [slow]], new ManualClock(), collectingLogger().log);
    const started = lifecycle.start();
    await settle();
    await lifecycle.stop();
    go();
    await started;
    expect(calls).toEqual(['start channel', 'stop channel', 'stop sink']);
  });
});
