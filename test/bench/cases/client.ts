/** Case a, with Flume's own RPC client, which waits for each answer before it sends on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from '../../kit/ports.ts';
import type { Case } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { drain, measure, type Phase } from '../kit/phase.ts';
import type { Row } from '../kit/results.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, inTurn, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';
import { phaseTable, type StartSide, startWordCount, withSide } from './wordcount.ts';

const CONNECTIONS = 4;
const BATCH = 1000;
const WARMUP_SECONDS = 8;
/** A JVM that is cold is buried by a client that sends as fast as it is answered: both are warmed at a rate that grows. */
const WARM = { rate: 100_000, rampSeconds: 8 };
const WARM_SECONDS = 12;

export const client: Case = {
  id: 'client',
  group: 'a',
  needs: ['flume', 'spark'],
  async run(plan) {
    const lengths = { ...plan, warmupSeconds: Math.max(WARMUP_SECONDS, plan.warmupSeconds) };
    const contestant = (name: string, start: StartSide): Contestant<Phase> => ({
      name,
      run: () =>
        withSide(start, async (side, port) => {
          while (!(await isListening(port))) {
            if (side.process.exit !== undefined) throw side.failure();
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          const warm = Load.generator({ port, ...WARM, window: 64 });
          try {
            await side.nextCommit();
            await Promise.race([sleep(WARM_SECONDS * 1000), side.gone()]);
            await drain(side, warm);
          } finally {
            await warm.process.kill();
          }
          const load = Load.flumeClient(port, CONNECTIONS, BATCH);
          try {
            return await measure(side, load, lengths);
          } finally {
            await load.process.kill();
          }
        }),
    });
    const level = (name: string, flags: readonly string[]) => contestant(name, startWordCount(name, flags));
    const sparkWith = (name: string, heap?: string) =>
      contestant(name, (port, directory) => startSpark('push', { port, interval: 1000 }, directory, name, heap));
    const outcomes = await inTurn(plan.pairs, [
      level('streamjob, end-to-end, eager', ['--cut', 'eager']),
      sparkWith('Spark'),
      sparkWith('Spark, 2 GB heap', '2g'),
      { ...level('streamjob, end-to-end, by the interval', []), turns: 1 },
      { ...level('streamjob, best-effort', ['--reliability', 'best-effort']), turns: 1 },
    ]);
    const [us, them, roomy] = outcomes;
    if (us === undefined || them === undefined || roomy === undefined) throw new Error('five contestants');
    const rate = (against: string, under: Outcome<Phase>): Row =>
      row({
        what: `end-to-end with Flume's RPC client, ${CONNECTIONS} connections, batches of ${BATCH}, 1 s interval, --cut eager: ours over ${against}, events/s`,
        target: 0.8,
        sense: 'at least',
        over: us,
        under,
        ours: 'over',
        figure: ({ eventsPerSecond }) => eventsPerSecond,
        show: (perSecond) => `${digits(perSecond)} events/s`,
      });
    return {
      title: "Push word count with Flume's RPC client",
      method: `Flume's own client (a JVM) over ${CONNECTIONS} connections, batches of ${BATCH}, one in flight on each; 1 s interval. Spark acknowledges on receipt, ours at end-to-end after the commit. Its default heap of 1 GB may overflow under this load; it runs with 2 GB too. Each is warmed for ${WARM_SECONDS} s by our generator, up to ${WARM.rate} events/s, and has committed that before the client begins.`,
      rows: [rate("Spark's default", them), rate('Spark with a heap of 2 GB', roomy)],
      tables: [phaseTable('', outcomes)],
    };
  },
};
