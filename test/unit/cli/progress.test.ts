/** Long work on a terminal and in a log, and who tells of it: reading a checkpoint, a replay, a stop that waits. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { eventsOnTheWay, tellDraining } from '../../../src/cli/draining.ts';
import { ProgressLine, progressText } from '../../../src/cli/progress.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { realMachine, replaceMachine } from '../../../src/core/machine.ts';
import { TelemetryRegistry, type Work } from '../../../src/core/telemetry.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { until } from '../../kit/until.ts';

const work = (done: number, more: Partial<Work> = {}): Work => ({
  ...{ what: 'reading the journal', total: 1_024_000_000, unit: 'bytes', isOver: false, done },
  ...more,
});

describe('the text', () => {
  it.each([
    [work(512e6), 2000, 10, 'reading the journal [#####.....] 50 %, 512.0 MB of 1.0 GB, 256.0 MB/s, 2.0 s left'],
    [work(0), 0, 4, 'reading the journal [....] 0 %, 0 B of 1.0 GB, 0 B/s, how long is not known'],
    [work(2e9), 1000, 4, 'reading the journal [####] 100 %, 2.0 GB of 1.0 GB, 2.0 GB/s, 0 ms left'],
    [
      work(1500, { what: 'draining', total: 6000, unit: 'events' }),
      3000,
      0,
      'draining: 25 %, 1,500 of 6,000 events, 500/s, 9.0 s left',
    ],
    [work(0, { total: 0 }), 10, 4, 'reading the journal [####] 100 %, 0 B of 0 B, 0 B/s, how long is not known'],
  ])('of %j after %i ms', (told, ms, bar, text) => {
    expect(progressText(told, ms, bar)).toBe(text);
  });
});

describe('a line', () => {
  function shown(isTTY: boolean, told: readonly (readonly [number, Work])[]): { drawn: string[]; logged: string[] } {
    let now = 0;
    const restore = replaceMachine({ ...realMachine, monotonicMs: () => now });
    onTestFinished(restore);
    const drawn: string[] = [];
    const logged: string[] = [];
    const out = { isTTY, columns: 60, write: (text: string | Uint8Array) => drawn.push(String(text)) > 0 };
    const line = new ProgressLine(out as never, { info: (_, message) => logged.push(message) });
    for (const [at, each] of told) {
      now = at;
      line.show(each);
    }
    return { drawn, logged };
  }

  it('is not shown for what is soon over', () => {
    expect(
      shown(true, [
        [0, work(0)],
        [300, work(1e6)],
        [400, work(2e6, { isOver: true })],
      ]),
    ).toEqual({ drawn: [], logged: [] });
  });

  it('is drawn now and then on a terminal, no wider than it is, and taken away at the end', () => {
    const { drawn, logged } = shown(true, [
      [0, work(0)],
      [500, work(1e8)],
      [550, work(2e8)],
      [700, work(3e8)],
      [2000, work(1_024_000_000, { isOver: true })],
    ]);
    expect(drawn.length).toBe(3);
    expect(drawn[0]?.replace('\r\u001b[2K', '').length).toBe(59);
    expect(drawn.at(-1)).toBe('\r\u001b[2K');
    expect(logged).toEqual(['reading the journal took 2.0 s']);
  });

  it('is a line of the log each ten seconds where there is no terminal', () => {
    const { drawn, logged } = shown(false, [
      [0, work(0)],
      [9000, work(1e8)],
      [10_000, work(2e8)],
      [15_000, work(3e8)],
      [16_000, work(4e8, { isOver: true })],
    ]);
    expect(drawn).toEqual([]);
    expect(logged).toEqual([expect.stringMatching(/^reading the journal: 19 %/), 'reading the journal took 16.0 s']);
  });
});

describe('who tells', () => {
  it('a start that reads a checkpoint: all of it, then what its states are made of', async () => {
    const checkpointDir = ownDirectory();
    async function run(): Promise<Work[]> {
      const told: Work[] = [];
      const telemetry = new TelemetryRegistry();
      telemetry.onWork((each) => told.push(each));
      const clock = new ManualClock(Date.now());
      const ssc = new StreamingContext({
        batchInterval: 1000,
        clock,
        checkpointDir,
        telemetry,
        log: silentLogger,
        write: () => {},
      });
      const { push, stream } = ssc.valuesStream<number>();
      stream
        .map((n) => [n, 1] as const)
        .updateStateByKey((ones, sum: number = 0) => sum + ones.length)
        .print();
      await ssc.start();
      push(
        Array.from({ length: 1000 }, (_, i) => i),
        () => {},
      );
      const { events$ } = ssc;
      let batches = 0;
      events$.subscribe(({ type }) => {
        if (type === 'batchCompleted') batches++;
      });
      clock.advance(2000);
      await until(() => batches > 0);
      await ssc.stop();
      return told;
    }
    await run();
    const told = await run();
    const over = told.filter(({ isOver }) => isOver);
    expect(over.map(({ what }) => what)).toEqual(['reading the journal', 'reading what the journal keeps']);
    for (const { done, total } of over) {
      expect(total).toBeGreaterThan(1000);
      expect(done / total).toBeGreaterThan(0.9);
      expect(done).toBeLessThanOrEqual(total);
    }
  });

  it('a stop that waits for what was received', async () => {
    const told: Work[] = [];
    const telemetry = new TelemetryRegistry();
    telemetry.onWork((each) => told.push(each));
    let left = 10;
    const end = tellDraining(telemetry, 'draining', () => left);
    left = 4;
    await until(() => told.at(-1)?.done === 6);
    left = 20;
    end();
    expect(told.at(-1)).toEqual({ what: 'draining', total: 10, unit: 'events', done: 6, isOver: true });
    expect(eventsOnTheWay({ flow: () => undefined })).toBe(0);
  });
});
