/** Case a, reliability: what each level costs us, as fast as it goes. */
import type { Case } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { fixedWork, type Work } from '../kit/phase.ts';
import { type Contestant, inTurn, middle } from '../kit/turns.ts';
import { row } from './rows.ts';
import { startWordCount, withSide } from './wordcount.ts';

const WARMUP_EVENTS = 1_000_000;
const EVENTS = 4_000_000;
/** At end-to-end an interval holds no more than what is in flight. */
const FEWER_EVENTS = 500_000;

function level(name: string, events: number): Contestant<Work> {
  const start = startWordCount(name, ['--reliability', name]);
  const warmup = Math.min(WARMUP_EVENTS, events);
  return {
    name: `streamjob, ${name}`,
    run: () => withSide(start, (side, port) => fixedWork(side, port, warmup, events)),
  };
}

export const levels: Case = {
  id: 'levels',
  group: 'a',
  needs: [],
  async run({ pairs }) {
    const outcomes = await inTurn(pairs, [
      level('best-effort', EVENTS),
      level('store-on-failure', EVENTS),
      { ...level('end-to-end', FEWER_EVENTS), turns: 1 },
    ]);
    const [best, stored] = outcomes;
    if (best === undefined || stored === undefined) throw new Error('three contestants, three outcomes');
    return {
      title: 'Push word count at each reliability level',
      method: `As fast as each takes it: 4 connections, 16 requests of 1,000 events in flight on each, 1 s interval. ${EVENTS} events from the first one sent to the last one committed, after ${WARMUP_EVENTS} others: a log can take in more than is processed meanwhile, and that must not count for or against it. At end-to-end a request is answered after its batch: what is in flight is what a batch can hold; it gets ${FEWER_EVENTS} events.`,
      rows: [
        row({
          what: 'store-on-failure (synced log) over best-effort, events/s',
          target: 0.8,
          sense: 'at least',
          over: stored,
          under: best,
          ours: 'over',
          figure: ({ eventsPerSecond }) => eventsPerSecond,
          show: (rate) => `${digits(rate)} events/s`,
        }),
      ],
      tables: [
        {
          title: '',
          columns: ['', 'events/s', 'CPU s per million events', 'peak memory', 'failed turns'],
          lines: outcomes.map((outcome) => [
            outcome.name,
            digits(middle(outcome, ({ eventsPerSecond }) => eventsPerSecond)),
            digits(middle(outcome, ({ cpuPerMillion }) => cpuPerMillion)),
            megabytes(middle(outcome, ({ peakBytes }) => peakBytes)),
            String(outcome.failures.length),
          ]),
        },
      ],
    };
  },
};
