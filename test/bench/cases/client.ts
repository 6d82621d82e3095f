/** Case a, with Flume's own RPC client, which waits for each answer before it sends on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from '../../kit/ports.ts';
import type { Case } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { drain, type Lengths, measure, type Phase } from '../kit/phase.ts';
import type { Row } from '../kit/results.ts';
import { NotRun, type Side } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';
import { phaseTable, type StartSide, startWordCount, withSide } from './wordcount.ts';

const CONNECTIONS = 4;
const BATCH = 1000;
const WARMUP_SECONDS = 8;
/** A JVM that is cold is buried by a client that sends as fast as it is answered: both are warmed at a rate that grows. */
const WARM = { rate: 100_000, rampSeconds: 8 };
const WARM_SECONDS = 12;

/** What a turn came to. */
interface Turn {
  /** Events a second whose requests were answered OK. */
  readonly answered: number;
  /** Undefined: it answered, and did not get to commit. */
  readonly phase: Phase | undefined;
  readonly failure: string;
}

/** Both sides are warmed, and have committed what they were warmed by. */
async function warmUp(side: Side, port: number): Promise<void> {
  while (!(await isListening(port))) {
    if (side.process.exit !== undefined) throw side.failure();
    await sleep(100);
  }
  const warm = Load.generator({ port, ...WARM, window: 64 });
  try {
    await side.nextCommit();
    await Promise.race([sleep(WARM_SECONDS * 1000), side.gone()]);
    await drain(side, warm);
  } finally {
    await warm.process.kill();
  }
}

async function answered(side: Side, load: Load, { warmupSeconds, seconds }: Lengths): Promise<number> {
  await Promise.race([sleep(warmupSeconds * 1000), side.gone()]);
  const before = await load.report();
  const since = performance.now();
  await Promise.race([sleep(seconds * 1000), side.gone()]);
  return ((await load.report()).acked - before.acked) / ((performance.now() - since) / 1000);
}

function contestant(name: string, lengths: Lengths, start: StartSide): Contestant<Turn> {
  return {
    name,
    run: () =>
      withSide(start, async (side, port) => {
        await warmUp(side, port);
        const load = Load.flumeClient(port, CONNECTIONS, BATCH);
        try {
          let failure = '';
          const measured = measure(side, load, lengths).catch((error: unknown) => {
            if (!(error instanceof NotRun)) throw error;
            failure = error.message;
            return undefined;
          });
          const [rate, phase] = await Promise.all([answered(side, load, lengths), measured]);
          return { answered: rate, phase, failure };
        } finally {
          await load.process.kill();
        }
      }),
  };
}

/** The phases of an outcome: what has not committed has failed. */
function phases({ name, turns, failures }: Outcome<Turn>): Outcome<Phase> {
  const uncommitted = turns.flatMap((turn, i) => (turn?.failure ? [`turn ${i + 1}: ${turn.failure}`] : []));
  return { name, turns: turns.map((turn) => turn?.phase), failures: [...failures, ...uncommitted] };
}

export const client: Case = {
  id: 'client',
  group: 'a',
  needs: ['flume', 'spark'],
  async run(plan) {
    const lengths = { ...plan, warmupSeconds: Math.max(WARMUP_SECONDS, plan.warmupSeconds) };
    const level = (name: string, flags: readonly string[]) => contestant(name, lengths, startWordCount(name, flags));
    const sparkWith = (name: string, heap?: string) =>
      contestant(name, lengths, (port, directory) =>
        startSpark('push', { port, interval: 1000 }, directory, name, heap),
      );
    const outcomes = await inTurn(plan.pairs, [
      level('streamjob, end-to-end, eager', ['--cut', 'eager']),
      sparkWith('Spark'),
      { ...sparkWith('Spark, 2 GB heap', '2g'), turns: 1 },
      { ...level('streamjob, end-to-end, by the interval', []), turns: 1 },
      { ...level('streamjob, best-effort', ['--reliability', 'best-effort']), turns: 1 },
    ]);
    const [us, them, roomy] = outcomes;
    if (us === undefined || them === undefined || roomy === undefined) throw new Error('five contestants');
    const what = `end-to-end with Flume's RPC client, ${CONNECTIONS} connections, batches of ${BATCH}, 1 s interval, --cut eager`;
    const show = (perSecond: number): string => `${digits(perSecond)} events/s`;
    const common = { target: 0.8, sense: 'at least', ours: 'over', show } as const;
    const committed = (against: string, under: Outcome<Turn>): Row =>
      row({
        ...common,
        what: `${what}: ours over ${against}, events/s committed`,
        over: phases(us),
        under: phases(under),
        figure: ({ eventsPerSecond }) => eventsPerSecond,
      });
    return {
      title: "Push word count with Flume's RPC client",
      method: `Flume's own client (a JVM) over ${CONNECTIONS} connections, batches of ${BATCH}, one in flight on each; 1 s interval. Spark acknowledges on receipt, ours at end-to-end after the commit. Spark's default heap of 1 GB may overflow under this load, or its batches end too late to be measured; so what it answers is compared too, and once it runs with 2 GB. Each is warmed for ${WARM_SECONDS} s by our generator, up to ${WARM.rate} events/s, and has committed that before the client begins.`,
      rows: [
        committed("Spark's default", them),
        committed('Spark with a heap of 2 GB', roomy),
        row({
          ...common,
          what: "the same, events/s answered OK, ours over Spark's default (which answers on receipt, also what it has not processed when it fails)",
          over: us,
          under: them,
          figure: (turn) => turn.answered,
        }),
      ],
      tables: [
        phaseTable('', outcomes.map(phases)),
        {
          title: 'Answered OK',
          columns: ['', 'events/s'],
          lines: outcomes.map((outcome) => [outcome.name, digits(middle(outcome, (turn) => turn.answered))]),
        },
      ],
    };
  },
};
