/** Case e: what an event costs us as everything grows: events, keys, threads, connections, sizes. It should stay the same. */

import type { Case, Plan } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import type { Phase } from '../kit/phase.ts';
import type { Series } from '../kit/results.ts';
import { inTurn, middle, type Outcome } from '../kit/turns.ts';
import type { LoadOptions } from '../load/generate.ts';
import { handWritten, ours, type WordCount } from './wordcount.ts';

/** A request of large events has about so many bytes. */
const REQUEST_BYTES = 200_000;
/** As many bytes as ten words have: the cost of large events is told for so many. */
const USUAL_BYTES = 80;
const LONGEST_PHASE_SECONDS = 5;
const IN_FLIGHT = 64;

/** A point of a sweep. */
interface Point {
  readonly x: number;
  readonly label: string;
  readonly load?: Partial<LoadOptions>;
  readonly flags?: readonly string[];
  /** Usual events that one of its events counts for. */
  readonly weight?: number;
}

/** One thing that grows while all else stays. */
interface Sweep {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly Point[];
  /** The hand-written server beside it: what grows is in the machine (its caches), or in us. */
  readonly hand?: boolean;
}

const sweeps: readonly Sweep[] = [
  {
    name: 'events per second',
    unit: 'sent per second',
    hand: true,
    points: [1000, 10_000, 100_000, 200_000, 400_000, 0].map((rate) => ({
      x: rate,
      label: rate === 0 ? 'as fast as it goes' : rate.toLocaleString('en-US'),
      load: { rate, batch: rate === 0 ? 1000 : Math.min(1000, rate / 100) },
    })),
  },
  {
    name: 'keys',
    unit: 'different words',
    hand: true,
    points: [1e3, 1e4, 1e5, 1e6, 1e7].map((vocabulary) => ({
      x: vocabulary,
      label: vocabulary.toLocaleString('en-US'),
      load: { vocabulary },
    })),
  },
  {
    name: 'threads',
    unit: 'worker threads (0: inline)',
    points: [
      { x: 0, label: 'inline' },
      ...[1, 2].map((threads) => ({
        x: threads,
        label: String(threads),
        flags: ['--engine', 'threads', '--parallelism', String(threads)],
      })),
    ],
  },
  {
    name: 'connections',
    unit: 'connections',
    points: [1, 4, 16, 64].map((connections) => ({
      x: connections,
      label: String(connections),
      load: { connections, window: IN_FLIGHT / connections },
    })),
  },
  {
    name: 'bytes of an event',
    unit: `bytes of a body (cost of ${USUAL_BYTES} bytes)`,
    points: [10, 100, 1000, 10_000, 100_000, 1_000_000].map((bodyBytes) => ({
      x: bodyBytes,
      label: bodyBytes.toLocaleString('en-US'),
      load: { bodyBytes, batch: Math.max(1, Math.min(1000, Math.floor(REQUEST_BYTES / bodyBytes))) },
      weight: bodyBytes / USUAL_BYTES,
    })),
  },
];

async function sweep({ name, points }: Sweep, plan: Plan, hand: boolean): Promise<Outcome<Phase>[]> {
  const seconds = Math.min(LONGEST_PHASE_SECONDS, plan.seconds);
  const contestants = points.map(({ label, load, flags = [] }) => {
    const options: WordCount = {
      lengths: { seconds, warmupSeconds: Math.min(3, plan.warmupSeconds) },
      load: (port) => Load.generator({ port, ...load }),
    };
    const title = `${name}: ${label}`;
    return hand
      ? { ...handWritten(options), name: `${title}, hand-written` }
      : ours(title, ['--reliability', 'best-effort', ...flags], options);
  });
  return inTurn(1, contestants);
}

/** In microseconds of CPU, of an event or of as many bytes as one usually has. */
function cost(outcome: Outcome<Phase>, { weight = 1 }: Point): number {
  return middle(outcome, ({ cpuPerMillion }) => cpuPerMillion) / weight;
}

/** A point of the chart, if it was measured. */
function placed({ name }: Sweep, { point, outcome }: { point: Point; outcome: Outcome<Phase> }): [number, number][] {
  const x = name === 'events per second' ? middle(outcome, (phase) => phase.eventsPerSecond) : point.x;
  const y = cost(outcome, point);
  return Number.isFinite(x) && Number.isFinite(y) ? [[x, y]] : [];
}

function line({ name }: Sweep, hand: boolean, point: Point, outcome: Outcome<Phase>): string[] {
  return [
    hand ? `${name}, hand-written server` : name,
    point.label,
    digits(middle(outcome, (phase) => phase.eventsPerSecond)),
    digits(cost(outcome, point)),
    megabytes(middle(outcome, (phase) => phase.peakBytes)),
    outcome.failures.join('; ').replaceAll('|', '/'),
  ];
}

export const growth: Case = {
  id: 'growth',
  group: 'e',
  needs: [],
  async run(plan) {
    const lines: string[][] = [];
    const series: Series[] = [];
    for (const each of sweeps) {
      for (const hand of each.hand === true ? [false, true] : [false]) {
        const outcomes = await sweep(each, plan, hand);
        const points = each.points.map((point, index) => ({ point, outcome: outcomes[index] as Outcome<Phase> }));
        const name = hand ? 'hand-written server' : 'streamjob';
        series.push({ chart: each.name, x: each.unit, name, points: points.flatMap((point) => placed(each, point)) });
        for (const { point, outcome } of points) lines.push(line(each, hand, point, outcome));
      }
    }
    return {
      title: 'Growth',
      method: `The word count at best-effort, inline unless it says otherwise, as fast as it goes where no rate is given; one turn. One thing grows, all else is usual: 1,000 words, 4 connections, ten words an event. Large events are one word again and again; their cost is that of ${USUAL_BYTES} bytes.`,
      rows: [],
      tables: [{ title: '', columns: ['', '', 'events/s', 'CPU of an event, µs', 'peak memory', 'failures'], lines }],
      series,
    };
  },
};
