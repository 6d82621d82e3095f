/** The history of a job's batches: how many are kept, and over restarts. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import { EventBus } from '../../../src/core/events.ts';
import type { Logger } from '../../../src/core/log.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { BatchRecord } from '../../../src/observe/batch-record.ts';
import { History } from '../../../src/observe/history.ts';
import { HistoryFile } from '../../../src/observe/history-file.ts';
import { LogTail } from '../../../src/observe/log-tail.ts';
import { ownDirectory } from '../../kit/directory.ts';

class Told {
  readonly clock = new ManualClock(0);
  readonly events$ = new EventBus();
  readonly telemetry = new TelemetryRegistry();

  submit(time: number, events = 1): void {
    this.events$.next({ type: 'batchSubmitted', time, events, eventsByInput: new Map([[0, events]]) });
    this.events$.next({ type: 'batchStarted', time, events });
  }

  complete(time: number, events = 1): void {
    const delays = { schedulingDelayMs: 1, processingMs: 2, totalDelayMs: 3 };
    this.events$.next({ type: 'batchCompleted', batch: { time, events, ...delays, outputs: [], acked: events } });
  }
}

describe('a history', () => {
  it('keeps the last batches that are over, and each that is not', () => {
    const told = new Told();
    const history = new History(told, 3);
    told.submit(1);
    for (let time = 2; time <= 9; time++) {
      told.submit(time);
      told.complete(time);
    }
    expect(history.batches.map(({ status, time }) => [time, status])).toEqual([
      [1, 'PROCESSING'],
      [8, 'COMPLETED'],
      [9, 'COMPLETED'],
    ]);
    expect(history.totals).toMatchObject({ batches: 8, receivedEvents: 9, processedEvents: 8, acknowledgedEvents: 8 });
  });

  it('has what a batch was given up for, and what its outputs did at their last try', () => {
    const told = new Told();
    const history = new History(told);
    told.submit(1000, 5);
    for (const failureReason of ['away', undefined]) {
      told.events$.next({ type: 'outputOperationStarted', time: 1000, id: 'print-0', kind: 'print' });
      told.clock.advance(7);
      told.events$.next({
        type: 'outputOperationCompleted',
        time: 1000,
        id: 'print-0',
        kind: 'print',
        durationMs: 7,
        failureReason,
      });
    }
    told.events$.next({ type: 'batchGivenUp', time: 1000, events: 5, reason: 'a request was held for too long' });
    expect(history.batch(1000)).toMatchObject({
      ...{ status: 'COMPLETED', givenUp: 'a request was held for too long', acknowledged: 0 },
      outputs: [{ id: 'print-0', startedAt: 7, endedAt: 14, failureReason: undefined }],
    });
    expect(history.totals.givenUpBatches).toBe(1);
  });

  it('keeps of batches with very many tasks what their time was spent on, and of attempts the last', () => {
    const told = new Told();
    const history = new History(told, 10, 50);
    const task = { name: 'task', startedAt: 1, durationMs: 1, labels: {}, parts: [] };
    const stage = {
      name: 'stage',
      startedAt: 1,
      durationMs: 5,
      labels: { operator: 'map' },
      parts: Array(10).fill(task),
    };
    const parts = [stage, stage, { ...task, name: 'output', durationMs: 3 }];
    for (const time of [1, 2, 3]) {
      told.submit(time);
      told.telemetry.span({ name: 'batch', startedAt: 1, durationMs: 9, labels: { time: String(time) }, parts });
      told.complete(time);
    }
    const spansOf = (time: number) => history.batch(time)?.spans.map(({ durationMs, name }) => [name, durationMs]);
    expect([spansOf(1), spansOf(3)]).toEqual([
      [
        ['stage', 10],
        ['output', 3],
      ],
      [
        ['stage', 5],
        ['stage', 5],
        ['output', 3],
      ],
    ]);
    expect(history.batch(3)?.spans[0]?.parts.length).toBe(10);
    told.submit(4);
    for (let attempt = 1; attempt <= 250; attempt++)
      told.events$.next({ type: 'batchFailed', time: 4, attempt, error: new Error('away') });
    const { failures = [] } = history.batch(4) ?? {};
    expect([failures.length, failures.at(-1)?.attempt]).toEqual([100, 250]);
  });

  it('costs nobody anything once it is closed', () => {
    const told = new Told();
    const history = new History(told);
    history.close();
    told.submit(1);
    expect([history.batches, told.events$.observed]).toEqual([[], false]);
  });
});

const record = (time: number, more: Partial<BatchRecord> = {}): BatchRecord => ({
  ...{
    time,
    submittedAt: time,
    startedAt: time,
    endedAt: time + 1,
    status: 'COMPLETED',
    events: 1,
    inputs: [],
    outputs: [],
  },
  ...{ failures: [], givenUp: undefined, acknowledged: 1, acknowledgedAt: time + 1, spans: [] },
  ...more,
});

describe('the file of a history', () => {
  const clock = new ManualClock(0);
  const fileIn = (directory: string, log: Logger = silentLogger): HistoryFile =>
    new HistoryFile(path.join(directory, 'made', 'history.jsonl'), clock, log);
  const times = (records: readonly BatchRecord[]): number[] => records.map(({ time }) => time);

  it('brings the batches of former runs back, the last ones', async () => {
    const directory = ownDirectory();
    expect(await fileIn(directory).load(10)).toEqual([]);
    for (const first of [1, 4]) {
      const file = fileIn(directory);
      for (let time = first; time < first + 3; time++) file.add(record(time));
      await file.close();
    }
    const loaded = await fileIn(directory).load(4);
    expect(times(loaded)).toEqual([3, 4, 5, 6]);
    expect(loaded[0]).toEqual(record(3));
  });

  it('leaves out half a line that a kill has left, and what is no batch', async () => {
    const directory = ownDirectory();
    const first = fileIn(directory);
    first.add(record(1));
    await first.close();
    fs.appendFileSync(path.join(directory, 'made/history.jsonl'), '{"time":2}\nnull\n{"time":3,"sta');
    const next = fileIn(directory);
    next.add(record(4));
    await next.close();
    expect(times(await fileIn(directory).load(10))).toEqual([1, 4]);
  });

  it.each<[string, object]>([
    ['a time beyond all dates', { time: 1e300 }],
    ['a text for a time', { startedAt: 'x' }],
    ['an input that is none', { inputs: [null] }],
    ['an input without a number', { inputs: [{ id: '0', events: 1 }] }],
    ['an output that is none', { outputs: [null] }],
    ['an output without a beginning', { outputs: [{ id: 'print-0', kind: 'print' }] }],
    ['a failure without a message', { failures: [{ attempt: 1, time: 1 }] }],
    ['a reason that is no text', { givenUp: { a: 1 } }],
    ['a span that is none', { spans: [null] }],
    ['a span without parts', { spans: [{ name: 'stage', startedAt: 1, durationMs: 1, labels: {} }] }],
    ['no number of events', { events: 'many' }],
  ])('leaves out a line with %s', async (_, damage) => {
    const directory = ownDirectory();
    fs.mkdirSync(path.join(directory, 'made'));
    const lines = [record(1), { ...record(2), ...damage }, record(3)].map((line) => `${JSON.stringify(line)}\n`);
    fs.writeFileSync(path.join(directory, 'made/history.jsonl'), lines.join(''));
    expect(times(await fileIn(directory).load(10))).toEqual([1, 3]);
  });

  it('reads no more of a file than it writes', async () => {
    const directory = ownDirectory();
    fs.mkdirSync(path.join(directory, 'made'));
    const large = path.join(directory, 'made/history.jsonl');
    fs.writeFileSync(large, `${JSON.stringify(record(1))}\n`);
    // Zeros that take no room, more than a text can have.
    fs.truncateSync(large, 600 * 1024 * 1024);
    fs.appendFileSync(large, `\n${JSON.stringify(record(2))}\n`);
    expect(times(await fileIn(directory).load(10))).toEqual([2]);
  });

  it('waits for nobody who might read a pipe', async () => {
    const directory = ownDirectory();
    fs.mkdirSync(path.join(directory, 'made'));
    execFileSync('mkfifo', [path.join(directory, 'made/history.jsonl')]);
    const warnings: string[] = [];
    const file = fileIn(directory, { ...silentLogger, warn: (_, message) => void warnings.push(message) });
    expect(await file.load(10)).toEqual([]);
    file.add(record(1));
    await file.close();
    expect(warnings).toEqual([expect.stringContaining('it is a pipe')]);
  });

  it('is bounded on disk', async () => {
    const directory = ownDirectory();
    const long = 'x'.repeat(10_000);
    for (let run = 0; run < 3; run++) {
      const file = fileIn(directory);
      for (let part = 0; part < 4; part++) {
        for (let i = 0; i < 200; i++) file.add(record(run * 10_000 + part * 1000 + i, { givenUp: long }));
        await file.close();
      }
    }
    const sizes = fs
      .readdirSync(path.join(directory, 'made'))
      .map((name) => fs.statSync(path.join(directory, 'made', name)).size);
    expect(sizes.length).toBe(2);
    for (const size of sizes) expect(size).toBeLessThan(8 * 1024 * 1024);
    expect(times(await fileIn(directory).load(1))).toEqual([23_199]);
  });

  it('keeps a batch with very many tasks without them', async () => {
    const directory = ownDirectory();
    const task = { name: 'task', startedAt: 1, durationMs: 1, labels: { partition: '1', member: '1' }, parts: [] };
    const stage = {
      name: 'stage',
      startedAt: 1,
      durationMs: 5,
      labels: { operator: 'map' },
      parts: Array.from({ length: 1000 }, () => task),
    };
    const file = fileIn(directory);
    file.add(record(1, { spans: [stage] }));
    await file.close();
    expect((await fileIn(directory).load(1))[0]?.spans).toEqual([{ ...stage, parts: [] }]);
  });

  it('that cannot be written is told once, and nothing else comes of it', async () => {
    const directory = ownDirectory();
    fs.writeFileSync(path.join(directory, 'made'), 'no directory');
    const warnings: string[] = [];
    const file = fileIn(directory, { ...silentLogger, warn: (_, message) => void warnings.push(message) });
    for (let i = 0; i < 3; i++) {
      file.add(record(i));
      await file.close();
    }
    expect(warnings).toEqual([expect.stringContaining('The job goes on without')]);
  });
});

describe('the tail of a log', () => {
  it('has the last lines, and the log has all', () => {
    const lines: string[] = [];
    const take = (_: object, message: string): void => void lines.push(message);
    const under: Logger = { debug: take, info: take, warn: take, error: take, child: () => under };
    const tail = new LogTail({ now: () => 5 });
    const log = tail.over(under).child({ a: 1 });
    for (let i = 0; i < 600; i++) log.info({}, `line ${i}`);
    log.debug({}, 'quiet');
    log.error({}, 'x'.repeat(5000));
    expect(lines.length).toBe(602);
    const kept = tail.lines();
    expect([kept.length, kept[0]]).toEqual([500, { number: 101, time: 5, level: 'info', message: 'line 101' }]);
    expect(kept.at(-1)?.message.length).toBe(4001);
    expect(tail.lines(599).map(({ level }) => level)).toEqual(['error']);
  });
});
