/** Case a, at a fixed rate: our word count against Spark's at its defaults. Both get the same, and none is to drop anything. */
import type { Case, Plan } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import type { Phase } from '../kit/phase.ts';
import type { Row } from '../kit/results.ts';
import { inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';
import { ours, phaseTable, spark, type WordCount } from './wordcount.ts';

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
      { ...spark('Spark, blocks as objects', { level: 'MEMORY_ONLY' }, options), turns: 1 },
    ]);
    const low = await inTurn(plan.pairs, [
      ours('streamjob, best-effort', ['--reliability', 'best-effort'], atRate(LOW_RATE, plan)),
      spark('Spark', {}, atRate(LOW_RATE, plan)),
    ]);
    const [us, them, objects] = outcomes;
    const [slowUs, slowThem] = low;
    if (us === undefined || them === undefined || objects === undefined) throw new Error('three contestants');
    if (slowUs === undefined || slowThem === undefined) throw new Error('two contestants');
    const at = (rate: number): string =>
      `push word count, best-effort, ${rate} events/s on both sides, CPU of an event: Spark over ours`;
    return {
      title: 'Push word count at a fixed rate',
      method: `${RATE} events/s of 80 bytes, 1 s interval, over 4 connections; the rate grows for ${RAMP_SECONDS} s before. Spark with the defaults of its connector (local[2], 1 GB heap, blocks serialised in memory and on disk, acknowledging on receipt), and with blocks kept as objects (MEMORY_ONLY), as many set it.`,
      rows: [
        cpu(at(RATE), 4.5, them, us),
        memory(them, us),
        kept(us, RATE),
        kept(them, RATE),
        cpu(`${at(RATE)}, Spark with MEMORY_ONLY`, 4.5, objects, us),
        cpu(at(LOW_RATE), 4.5, slowThem, slowUs),
        memory(slowThem, slowUs),
      ],
      tables: [phaseTable(`${RATE} events/s`, outcomes), phaseTable(`${LOW_RATE} events/s`, low)],
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
