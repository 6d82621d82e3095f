/** Case c: how small the interval may be, and how long an event takes from its sending to its commit. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case, Plan } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { startOurs } from '../kit/ours.ts';
import type { Row } from '../kit/results.ts';
import { type Commit, type Mark, NotRun, Side as Process, type Side, script } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { median, percentile } from '../kit/stats.ts';
import { inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';
import { type StartSide, withSide } from './wordcount.ts';

const RATE = 1000;
const TARGET_MS = 5;
/** Each is tried for a short time, from the longest down, until one is not sustained. */
const OURS_MS = [5, 2, 1];
const SPARK_MS = [200, 100, 50, 20];

/** Of one run at an interval. */
interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly batchesPerSecond: number;
  /** The median delay of batches in the first and the last sixth. */
  readonly delays: readonly [number, number];
  readonly sustained: boolean;
  readonly cores: number;
}

/** Events, one a request, as they come from an application that logs. */
function thousandPerSecond(port: number, stamped: boolean): Load {
  return Load.generator({ port, rate: RATE, batch: 1, connections: 4, window: 200, stamped });
}

function startLatency(interval: number): StartSide {
  const flags = ['--batch-interval', `${interval}ms`];
  return (port, directory) => startOurs({ job: 'latency.ts', flags, directory, env: { BENCH_PORT: String(port) } });
}

function startSparkLatency(interval: number): StartSide {
  // As its guide says: blocks as short as batches, where the default (200 ms) is longer than a batch.
  const blockInterval = Math.min(200, Math.max(20, interval));
  return (port, directory) => startSpark('latency', { port, interval, blockInterval }, directory);
}

/** Measures a side that makes batches. The answer is the commit at end-to-end; Spark answers earlier, and tells the ages itself. */
async function batches(start: StartSide, interval: number, answered: boolean, plan: Plan): Promise<Latency> {
  return withSide(start, async (side, port) => {
    const load = thousandPerSecond(port, true);
    try {
      await side.nextCommit();
      await sleep(plan.warmupSeconds * 1000);
      const from = await side.nextCommit();
      const fromAges = side.latencies.length;
      load.mark();
      await Promise.race([sleep(plan.seconds * 1000), side.gone()]);
      const to = await side.nextCommit();
      const report = await load.report();
      const ages = side.latencies.slice(fromAges);
      return {
        p50Ms: answered ? report.p50Ms : percentile(ages, 0.5),
        p99Ms: answered ? report.p99Ms : percentile(ages, 0.99),
        ...steadiness(side, from, to, interval),
      };
    } finally {
      await load.process.kill();
    }
  });
}

/** Whether the delay of batches grew: the median of the last sixth against that of the first one. */
function steadiness(side: Side, from: Mark, to: Mark, interval: number): Omit<Latency, 'p50Ms' | 'p99Ms'> {
  const all: readonly Commit[] = side.commits.slice(from.batches, to.batches);
  const part = Math.max(1, Math.floor(all.length / 6));
  const delay = (commits: readonly Commit[]): number => median(commits.map(({ totalDelayMs }) => totalDelayMs));
  const delays = [delay(all.slice(0, part)), delay(all.slice(-part))] as const;
  const seconds = (to.at - from.at) / 1000;
  return {
    delays,
    sustained: delays[1] <= Math.max(2 * interval, 2 * delays[0]),
    batchesPerSecond: all.length / seconds,
    cores: (to.cpuSeconds - from.cpuSeconds) / seconds,
  };
}

/** The bare loop. */
async function timerLoop({ warmupSeconds, seconds }: Plan): Promise<Latency> {
  const start: StartSide = (port) => new Process('timer loop', script('peers/timer-loop.ts', [port, TARGET_MS]));
  return withSide(start, async (side, port) => {
    const load = thousandPerSecond(port, true);
    try {
      await sleep(1000 + warmupSeconds * 1000);
      load.mark();
      const cpu = side.process.cpuSeconds();
      await Promise.race([sleep(seconds * 1000), side.gone()]);
      const { p50Ms, p99Ms } = await load.report();
      const cores = (side.process.cpuSeconds() - cpu) / seconds;
      return { p50Ms, p99Ms, cores, batchesPerSecond: 1000 / TARGET_MS, delays: [0, 0], sustained: true };
    } finally {
      await load.process.kill();
    }
  });
}

/** The smallest of the intervals that is sustained for a short time. */
async function smallest(intervals: readonly number[], start: (ms: number) => StartSide, plan: Plan): Promise<number> {
  let found = intervals[0] as number;
  for (const interval of intervals) {
    process.stderr.write(`  ${interval} ms?\n`);
    try {
      const { sustained } = await batches(start(interval), interval, false, plan);
      if (!sustained) break;
      found = interval;
    } catch (error) {
      if (!(error instanceof NotRun)) throw error;
      break;
    }
  }
  return found;
}

function line(outcome: Outcome<Latency>, interval: number): string[] {
  const at = (figure: (value: Latency) => number): string => digits(middle(outcome, figure));
  return [
    outcome.name,
    String(interval),
    at(({ p50Ms }) => p50Ms),
    at(({ p99Ms }) => p99Ms),
    at(({ batchesPerSecond }) => batchesPerSecond),
    `${at(({ delays }) => delays[0])} -> ${at(({ delays }) => delays[1])}`,
    at(({ cores }) => cores),
    String(outcome.failures.length),
  ];
}

function sustainedRow(outcome: Outcome<Latency>): Row {
  const growth = middle(outcome, ({ delays }) => delays[1] / Math.max(1, delays[0]));
  return {
    what: `${TARGET_MS} ms interval, 1,000 events/s: delay of the last batches over that of the first`,
    target: 2,
    sense: 'at most',
    ratio: growth,
    ratios: outcome.turns.flatMap((turn) => (turn === undefined ? [] : [turn.delays[1] / Math.max(1, turn.delays[0])])),
    ours: `${digits(middle(outcome, ({ batchesPerSecond }) => batchesPerSecond))} batches/s`,
    theirs: '-',
    failures: outcome.failures,
  };
}

export const latency: Case = {
  id: 'latency',
  group: 'c',
  needs: ['spark'],
  async run(plan) {
    const short = { ...plan, seconds: Math.min(8, plan.seconds), warmupSeconds: Math.min(3, plan.warmupSeconds) };
    // The minute of the target, or ten times a short phase.
    const minute = { ...plan, seconds: plan.seconds * 10 };
    const phase = { ...plan, seconds: plan.seconds * 3 };
    const oursBest = await smallest(OURS_MS, startLatency, short);
    const sparkBest = await smallest(SPARK_MS, startSparkLatency, { ...short, warmupSeconds: 8 });
    const [us, loop] = await inTurn(plan.pairs, [
      { name: 'streamjob', run: () => batches(startLatency(TARGET_MS), TARGET_MS, true, phase) },
      { name: 'timer loop', run: () => timerLoop(phase) },
    ]);
    const [long, best, them] = await inTurn(1, [
      { name: 'streamjob, a minute', run: () => batches(startLatency(TARGET_MS), TARGET_MS, true, minute) },
      { name: 'streamjob, smallest', run: () => batches(startLatency(oursBest), oursBest, true, minute) },
      { name: 'Spark, smallest', run: () => batches(startSparkLatency(sparkBest), sparkBest, false, minute) },
    ]);
    if (us === undefined || loop === undefined) throw new Error('two contestants, two outcomes');
    if (long === undefined || best === undefined || them === undefined) throw new Error('three contestants');
    return {
      title: 'Latency',
      method: `1,000 events/s, one a request. Ours at end-to-end: from sending an event to the answer, which comes after the commit of its batch. Spark, which answers on receipt: from sending to the end of its batch's output, in whole ms; its block interval is the batch interval, of at least 20 ms. Phases of ${minute.seconds} s, beside the timer loop of ${phase.seconds} s; intervals were tried for ${short.seconds} s before (ours ${OURS_MS.join(', ')}; Spark ${SPARK_MS.join(', ')} ms). The timer loop holds requests and answers them at each ${TARGET_MS} ms.`,
      rows: [
        sustainedRow(long),
        row({
          what: `p99 of event to commit at ${TARGET_MS} ms and 1,000 events/s: ours over the bare timer loop's`,
          target: 3,
          sense: 'at most',
          over: us,
          under: loop,
          ours: 'over',
          figure: ({ p99Ms }) => p99Ms,
          show: (ms) => `${digits(ms)} ms`,
        }),
      ],
      tables: [
        {
          title: '',
          columns: [
            '',
            'interval, ms',
            'p50, ms',
            'p99, ms',
            'batches/s',
            'batch delay, ms: first sixth -> last',
            'cores busy',
            'failed turns',
          ],
          lines: [
            line(long, TARGET_MS),
            line(us, TARGET_MS),
            line(loop, TARGET_MS),
            line(best, oursBest),
            line(them, sparkBest),
          ],
        },
      ],
    };
  },
};
