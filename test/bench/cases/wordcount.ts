/** Runs of the word count: ours at each level, Spark, the hand-written server; each under the same load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../kit/ports.ts';
import { withDirectory } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import type { Load } from '../kit/load.ts';
import { startOurs } from '../kit/ours.ts';
import { drain, type Lengths, measure, type Phase } from '../kit/phase.ts';
import { type Hot, profiled, profilesIn } from '../kit/profile.ts';
import type { Table } from '../kit/results.ts';
import { Side, script } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, middle, type Outcome } from '../kit/turns.ts';

/** A load on a port; called when the contestant has been started. */
export type MakeLoad = (port: number) => Load;

/** Options of a run. */
export interface WordCount {
  readonly load: MakeLoad;
  readonly lengths: Lengths;
  /** Wait at the end for what was acknowledged, and count what never came. */
  readonly drained?: boolean;
}

/** Starts a contestant on a port, with a directory of its own. */
export type StartSide = (port: number, directory: string) => Side;

/** Ours. @param flags such as --reliability */
export function startWordCount(name: string, flags: readonly string[]): StartSide {
  return (port, directory) =>
    startOurs({ job: 'wordcount.ts', name, flags, directory, env: { BENCH_PORT: String(port) } });
}

/** The hand-written server. */
export const startHandWritten: StartSide = (port) =>
  new Side('hand-written server', script('peers/hand-written.ts', [port, 1000]));

/** Starts a side, lets it be measured, and ends it. */
export function withSide<T>(start: StartSide, use: (side: Side, port: number) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const port = await freePort();
    const side = start(port, directory);
    try {
      return await use(side, port);
    } finally {
      await side.process.kill();
    }
  });
}

function contestant(name: string, { load, lengths, drained }: WordCount, start: StartSide): Contestant<Phase> {
  const run = (): Promise<Phase> =>
    withSide(start, async (side, port) => {
      const generator = load(port);
      try {
        const phase = await measure(side, generator, lengths);
        return drained === true ? { ...phase, dropped: await drain(side, generator) } : phase;
      } finally {
        await generator.process.kill();
      }
    });
  return { name, run };
}

/** Ours, as fast as `options` say. */
export function ours(name: string, flags: readonly string[], options: WordCount): Contestant<Phase> {
  return contestant(name, options, startWordCount(name, flags));
}

/** Spark, acknowledging on receipt. @param settings of BenchJob, beside its defaults */
export function spark(name: string, settings: Readonly<Record<string, string>>, options: WordCount): Contestant<Phase> {
  return contestant(name, options, (port, directory) => {
    const checkpoint: Record<string, string> = settings['wal'] === 'true' ? { checkpoint: directory } : {};
    return startSpark('push', { port, interval: 1000, ...checkpoint, ...settings }, directory, name);
  });
}

/** The hand-written server, as fast as `options` say. */
export function handWritten(options: WordCount): Contestant<Phase> {
  return contestant('hand-written server', options, startHandWritten);
}

/** Runs ours under V8's profiler. @returns each thread's functions by self time, the busiest thread first */
export function profileWordCount(flags: readonly string[], load: MakeLoad, seconds: number): Promise<Hot[][]> {
  return withDirectory(async (directory) => {
    const port = await freePort();
    const env = { BENCH_PORT: String(port) };
    const side = startOurs({ job: 'wordcount.ts', flags, directory, env, command: profiled(directory) });
    const generator = load(port);
    try {
      await side.nextCommit();
      await sleep(seconds * 1000);
      await generator.stop();
      await side.process.stop('SIGINT', 60_000);
      return profilesIn(directory);
    } finally {
      await generator.process.kill();
      await side.process.kill();
    }
  });
}

/** All figures of some contestants, as medians. */
export function phaseTable(title: string, outcomes: readonly Outcome<Phase>[]): Table {
  return {
    title,
    columns: [
      '',
      'events/s',
      'CPU s per million events',
      'cores busy',
      'peak memory',
      'answer p50 / p99, ms',
      'batch delay p50 / most, ms',
      "load's cores",
      'dropped',
      'failed turns',
    ],
    lines: outcomes.map((outcome) => {
      const at = (figure: (phase: Phase) => number | undefined): number =>
        middle(outcome, (phase) => figure(phase) ?? Number.NaN);
      return [
        outcome.name,
        digits(at((phase) => phase.eventsPerSecond)),
        digits(at((phase) => phase.cpuPerMillion)),
        digits(at((phase) => phase.cores)),
        megabytes(at((phase) => phase.peakBytes)),
        `${digits(at((phase) => phase.ackP50Ms))} / ${digits(at((phase) => phase.ackP99Ms))}`,
        `${digits(at((phase) => phase.delayP50Ms))} / ${digits(at((phase) => phase.delayMaxMs))}`,
        digits(at((phase) => phase.loadCores)),
        digits(at((phase) => phase.dropped)),
        String(outcome.failures.length),
      ];
    }),
  };
}
