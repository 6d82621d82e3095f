/** Case a, at a fixed rate: our word count against Spark's at its defaults. Both get the same, and none is to drop anything. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Case, Plan } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import type { Phase } from '../kit/phase.ts';
import type { Row, Table } from '../kit/results.ts';
import { script } from '../kit/side.ts';
import { median } from '../kit/stats.ts';
import { inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';
import { handWritten, ours, phaseTable, profileWordCount, spark, type WordCount } from './wordcount.ts';

const RATE = 300_000;
/** What Spark can take also with its write-ahead log on, and on a slower machine. */
const LOW_RATE = 100_000;
const RAMP_SECONDS = 8;
/** Between the ramp and the phase. */
const SETTLE_SECONDS = 4;

/** A load that grows to its rate, and what comes of each event is counted to the end. */
function atRate(rate: number, plan: Plan): WordCount {
  return {
    lengths: { seconds: plan.seconds, warmupSeconds: RAMP_SECONDS + SETTLE_SECONDS },
    load: (port) => Load.generator({ port, rate, window: 64, rampSeconds: RAMP_SECONDS }),
    drained: true,
  };
}

const HOTTEST = 16;

/** CPU s per million events of a bare loop that makes the words of the load and counts them, and does nothing else. */
async function bareLoop(turns: number): Promise<number> {
  const { command, args, cwd } = script('peers/bare-loop.ts', []);
  const figures: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const { stdout } = await promisify(execFile)(command, [...args], { cwd });
    figures.push(Number(stdout));
  }
  return median(figures);
}

/** How far one can get: Spark over ours, over the hand-written server, and over what nothing in JavaScript can be below. */
async function limits(us: Outcome<Phase>, limit: Outcome<Phase>, them: Outcome<Phase>, plan: Plan): Promise<Table> {
  const cpu = (outcome: Outcome<Phase>): number => middle(outcome, ({ cpuPerMillion }) => cpuPerMillion);
  const lines: [string, number][] = [
    [us.name, cpu(us)],
    [`${limit.name}, at the same rate`, cpu(limit)],
    ["a bare loop over the bodies in memory that makes the words' strings and counts them", await bareLoop(plan.pairs)],
  ];
  return {
    title: `What can be reached: Spark takes ${digits(cpu(them))} CPU s per million events at ${RATE} events/s`,
    columns: ['', 'CPU s per million events', 'Spark over it'],
    lines: lines.map(([name, seconds]) => [name, digits(seconds), digits(cpu(them) / seconds)]),
  };
}

/** Where our time goes at a rate, from the first event on. */
async function whereTimeGoes(rate: number, plan: Plan): Promise<Table> {
  const { lengths, load } = atRate(rate, plan);
  const flags = ['--reliability', 'best-effort'];
  const [busiest = []] = await profileWordCount(flags, load, lengths.warmupSeconds + lengths.seconds);
  return {
    title: `Where the time of streamjob goes at ${rate} events/s (V8's profiler, self time of the busy main thread; the functions of the job and what they call are in what they were inlined into)`,
    columns: ['', 'function', ''],
    lines: busiest.slice(0, HOTTEST).map(({ name, place, part }) => [`${(part * 100).toFixed(1)} %`, name, place]),
  };
}

function cpu(what: string, target: number, over: Outcome<Phase>, under: Outcome<Phase>): Row {
  return row({
    what,
    target,
    sense: 'at least',
    over,
    under,
    figure: ({ cpuPerMillion }) => cpuPerMillion,
    show: (seconds) => `${digits(seconds)} CPU s per million events`,
  });
}

function memory(over: Outcome<Phase>, under: Outcome<Phase>): Row {
  return row({
    what: 'the same, peak memory: Spark over ours',
    target: 8,
    sense: 'at least',
    over,
    under,
    figure: ({ peakBytes }) => peakBytes,
    show: megabytes,
  });
}

/** It must have got the rate, and dropped nothing. */
function kept(outcome: Outcome<Phase>, rate: number): Row {
  const at = (figure: (phase: Phase) => number): string => digits(middle(outcome, figure));
  return {
    what: `the same, ${outcome.name}: events/s that committed over those that were sent, nothing dropped`,
    target: 0.98,
    sense: 'at least',
    ratio: middle(outcome, ({ eventsPerSecond }) => eventsPerSecond) / rate,
    ratios: outcome.turns.flatMap((turn) => (turn === undefined ? [] : [turn.eventsPerSecond / rate])),
    ours: `${at(({ eventsPerSecond }) => eventsPerSecond)}/s, ${at(({ dropped }) => dropped ?? Number.NaN)} dropped`,
    theirs: '-',
    failures: outcome.failures,
  };
}

export const push: Case = {
  id: 'push',
  group: 'a',
  needs: ['spark'],
  async run(plan) {
    const options = atRate(RATE, plan);
    const outcomes = await inTurn(plan.pairs, [
      ours('streamjob, best-effort', ['--reliability', 'best-effort'], options),
      spark('Spark', {}, options),
      handWritten(options),
      { ...spark('Spark, blocks as objects', { level: 'MEMORY_ONLY' }, options), turns: 1 },
    ]);
    const low = await inTurn(plan.pairs, [
      ours('streamjob, best-effort', ['--reliability', 'best-effort'], atRate(LOW_RATE, plan)),
      spark('Spark', {}, atRate(LOW_RATE, plan)),
      handWritten(atRate(LOW_RATE, plan)),
    ]);
    const [us, them, limit, objects] = outcomes;
    const [slowUs, slowThem] = low;
    if (us === undefined || them === undefined || limit === undefined || objects === undefined) {
      throw new Error('four contestants, four outcomes');
    }
    if (slowUs === undefined || slowThem === undefined) throw new Error('three contestants, three outcomes');
    const at = (rate: number): string =>
      `push word count, best-effort, ${rate} events/s on both sides, CPU of an event: Spark over ours`;
    return {
      title: 'Push word count at a fixed rate',
      method: `${RATE} events/s of 80 bytes, 1 s interval, over 4 connections; the rate grows for ${RAMP_SECONDS} s before. Spark with the defaults of its connector (local[2], 1 GB heap, blocks serialised in memory and on disk, acknowledging on receipt), and with blocks kept as objects (MEMORY_ONLY), as many set it; the hand-written server of the next section beside them.`,
      rows: [
        cpu(at(RATE), 4.5, them, us),
        memory(them, us),
        kept(us, RATE),
        kept(them, RATE),
        cpu(`${at(RATE)}, Spark with MEMORY_ONLY`, 4.5, objects, us),
        cpu(at(LOW_RATE), 4.5, slowThem, slowUs),
        memory(slowThem, slowUs),
      ],
      tables: [
        phaseTable(`${RATE} events/s`, outcomes),
        phaseTable(`${LOW_RATE} events/s`, low),
        await limits(us, limit, them, plan),
        await whereTimeGoes(RATE, plan),
      ],
    };
  },
};

export const wal: Case = {
  id: 'wal',
  group: 'a',
  needs: ['spark'],
  async run(plan) {
    const options = atRate(LOW_RATE, plan);
    // No target is about it.
    const outcomes = await inTurn(1, [
      ours('streamjob, store-on-failure', ['--reliability', 'store-on-failure'], options),
      spark('Spark, write-ahead log', { wal: 'true' }, options),
    ]);
    return {
      title: 'Push word count with a write-ahead log',
      method: `${LOW_RATE} events/s, as above. Ours syncs each request to the log before it answers. Spark acknowledges on receipt also with its receiver's write-ahead log, which it flushes but does not sync; it has a checkpoint directory on the same disk.`,
      rows: [],
      tables: [phaseTable('', outcomes)],
    };
  },
};
