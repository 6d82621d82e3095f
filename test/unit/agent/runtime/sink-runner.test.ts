/** What the loop around a sink processor promises. */
import { describe, expect, it } from 'vitest';
import type { SinkProcessor } from '../../../../src/agent/processors/processor.ts';
import { SinkRunner } from '../../../../src/agent/runtime/sink-runner.ts';
import type { SinkStatus } from '../../../../src/agent/sinks/sink.ts';
import { ManualClock, sleep } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { settle } from '../channels/use.ts';

interface Rig {
  readonly clock: ManualClock;
  readonly runner: SinkRunner;
  /** The times at which the processor was called. */
  readonly calls: number[];
}

async function start(parts: Partial<SinkProcessor>, clock = new ManualClock(0)): Promise<Rig> {
  const calls: number[] = [];
  const processor: SinkProcessor = {
    start: async () => {},
    stop: async () => {},
    process: async () => 'backoff',
    idle: async () => undefined,
    available: async (timeoutMs, signal) => {
      await sleep(clock, timeoutMs, signal);
      return false;
    },
    whenEmpty: async () => {},
    ...parts,
  };
  const counted: SinkProcessor = {
    ...processor,
    process: (signal) => {
      calls.push(clock.now());
      return processor.process(signal);
    },
  };
  const runner = new SinkRunner({ name: 'k1', processor: counted, clock, log: silentLogger });
  await runner.start();
  return { clock, runner, calls };
}

async function turn(clock: ManualClock, ms: number, step: number): Promise<void> {
  for (let at = 0; at < ms; at += step) {
    await settle();
    clock.advance(step);
  }
  await settle();
}

describe('sink runner', () => {
  it("calls an idle sink in Flume's rhythm: after one second, two, up to five", async () => {
    const { clock, runner, calls } = await start({});
    await turn(clock, 25_000, 500);
    await runner.stop();
    expect(calls).toEqual([0, 1000, 3000, 6000, 10_000, 15_000, 20_000, 25_000]);
  });

  it('calls it at once when an event comes, and begins with the rhythm again after a call that found something', async () => {
    let wake = (): void => {};
    const statuses = ['backoff', 'backoff', 'ready', 'backoff', 'backoff'] as const;
    let call = 0;
    const clock = new ManualClock(0);
    const available: SinkProcessor['available'] = async (timeoutMs, signal) => {
      const round = new AbortController();
      wake = () => round.abort();
      signal.addEventListener('abort', wake);
      await sleep(clock, timeoutMs, round.signal);
      return round.signal.aborted;
    };
    const process = async (): Promise<SinkStatus> => statuses[call++] ?? 'backoff';
    const { runner, calls } = await start({ process, available }, clock);
    await turn(clock, 1000, 500);
    await turn(clock, 500, 500);
    wake();
    await settle();
    await turn(clock, 1000, 500);
    await runner.stop();
    expect(calls).toEqual([0, 1000, 1500, 1500, 2500]);
  });

  it('makes pauses, longer and longer, when an event is there that the sink does not take', async () => {
    const { clock, runner, calls } = await start({ available: async () => true });
    await turn(clock, 100, 1);
    await runner.stop();
    // 2 ms, 4 ms, … 64 ms.
    expect(calls).toEqual([0, 0, 2, 6, 14, 30, 62]);
  });

  it('closes a sink that does not come to an end by itself', async () => {
    let end = (): void => {};
    const { clock, runner } = await start({
      process: () =>
        new Promise((resolve) => {
          end = () => resolve('backoff');
        }),
      stop: async () => end(),
    });
    await settle();
    const stopped = runner.stop();
    clock.advance(10_000);
    await stopped;
  });
});
