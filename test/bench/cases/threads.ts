/** Case a, cores: two worker threads against one, with blocks from the log (nothing else runs) and with the load on the same cores. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../kit/ports.ts';
import { type Case, type Plan, withDirectory } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { startOurs } from '../kit/ours.ts';
import { NotRun } from '../kit/side.ts';
import { sum } from '../kit/stats.ts';
import { type Contestant, inTurn, middle } from '../kit/turns.ts';
import { row } from './rows.ts';
import { ours, phaseTable } from './wordcount.ts';

const EVENTS = 2_000_000;
/** A restart's first batches are slower: code is compiled. They are not counted. */
const WARMUP_EVENTS = 400_000;
const STANDSTILL_MS = 10_000;

/** What replaying the log came to. */
interface Replay {
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  readonly events: number;
}

function threads(count: number): string[] {
  return ['--engine', 'threads', '--parallelism', String(count)];
}

/** Fills the log: the job's first batch never ends, and the process is killed when all is logged. */
async function fill(directory: string, port: number): Promise<void> {
  const flags = ['--reliability', 'store-on-failure'];
  const env = { BENCH_PORT: String(port), BENCH_HOLD: '1' };
  const side = startOurs({ job: 'wordcount.ts', name: 'streamjob, filling its log', flags, directory, env });
  const load = Load.generator({ port, total: EVENTS });
  try {
    let last = 0;
    for (let since = performance.now(); performance.now() - since < STANDSTILL_MS; await sleep(100)) {
      if (side.process.exit !== undefined) throw side.failure();
      const { acked } = await load.report();
      if (acked >= EVENTS) return;
      if (acked > last) since = performance.now();
      last = acked;
    }
    process.stderr.write(`    the log took ${last} events\n`);
  } finally {
    await load.process.kill();
    await side.process.kill();
  }
}

/** Runs what waits in the log: events over the time that batches took, which leaves out the waits between them. */
async function replay(name: string, flags: readonly string[]): Promise<Replay> {
  return withDirectory(async (directory) => {
    const port = await freePort();
    await fill(directory, port);
    const all = [...flags, '--reliability', 'store-on-failure', '--batch-interval', '100ms'];
    const side = startOurs({ job: 'wordcount.ts', name, flags: all, directory, env: { BENCH_PORT: String(port) } });
    try {
      const first = await side.nextCommit();
      for (let quiet = 0; quiet < 10; ) {
        const { events } = side;
        await side.nextCommit({ empty: true });
        quiet = side.events === events ? quiet + 1 : 0;
      }
      const cpu = side.process.cpuSeconds() - first.cpuSeconds;
      let seen = 0;
      const counted = side.commits.filter(({ events }) => {
        seen += events;
        return events > 0 && seen > WARMUP_EVENTS;
      });
      const events = sum(counted.map((commit) => commit.events));
      const ms = sum(counted.map((commit) => commit.processingMs));
      if (events === 0) throw new NotRun(`${name}: the log held ${seen} events, too few to be measured`);
      return { events, eventsPerSecond: (events / ms) * 1000, cpuPerMillion: (cpu / (seen - first.events)) * 1e6 };
    } finally {
      await side.process.kill();
    }
  });
}

export const replayed: Case = {
  id: 'replay',
  group: 'a',
  needs: [],
  async run({ pairs }) {
    const contestant = (name: string, flags: readonly string[]): Contestant<Replay> => ({
      name,
      run: () => replay(name, flags),
    });
    const outcomes = await inTurn(pairs, [
      contestant('two threads', threads(2)),
      contestant('one thread', threads(1)),
      { ...contestant('inline', []), turns: 1 },
    ]);
    const [two, one] = outcomes;
    if (two === undefined || one === undefined) throw new Error('three contestants, three outcomes');
    return {
      title: 'Two threads against one, blocks replayed from the log',
      method: `A log of ${EVENTS} events is filled while the job's first batch hangs, and the process is killed; then it starts again and counts what waits. Events over the processing time of the batches, after the first ${WARMUP_EVENTS} events.`,
      rows: [
        row({
          what: 'two threads over one, events/s, blocks replayed from the log',
          target: 1.8,
          sense: 'at least',
          over: two,
          under: one,
          ours: 'over',
          figure: ({ eventsPerSecond }) => eventsPerSecond,
          show: (rate) => `${digits(rate)} events/s`,
        }),
      ],
      tables: [
        {
          title: '',
          columns: ['', 'events/s', 'CPU s per million events', 'events counted', 'failed turns'],
          lines: outcomes.map((outcome) => [
            outcome.name,
            digits(middle(outcome, ({ eventsPerSecond }) => eventsPerSecond)),
            digits(middle(outcome, ({ cpuPerMillion }) => cpuPerMillion)),
            digits(middle(outcome, ({ events }) => events)),
            String(outcome.failures.length),
          ]),
        },
      ],
    };
  },
};

export const threaded: Case = {
  id: 'threads',
  group: 'a',
  needs: [],
  async run(plan: Plan) {
    const options = { lengths: plan, load: (port: number) => Load.generator({ port }) };
    const level = ['--reliability', 'best-effort'];
    const outcomes = await inTurn(plan.pairs, [
      ours('two threads', [...level, ...threads(2)], options),
      ours('one thread', [...level, ...threads(1)], options),
      { ...ours('inline', level, options), turns: 1 },
    ]);
    const [two, one] = outcomes;
    if (two === undefined || one === undefined) throw new Error('three contestants, three outcomes');
    return {
      title: 'Two threads against one, with the load on the same cores',
      method: 'Best-effort, as fast as each takes it: 4 connections, 16 requests of 1,000 events in flight on each.',
      rows: [
        row({
          what: 'two threads over one, events/s, with our generator on the same cores',
          target: 1.4,
          sense: 'at least',
          over: two,
          under: one,
          ours: 'over',
          figure: ({ eventsPerSecond }) => eventsPerSecond,
          show: (rate) => `${digits(rate)} events/s`,
        }),
      ],
      tables: [phaseTable('', outcomes)],
    };
  },
};
