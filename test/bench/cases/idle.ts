/** What batches cost that hold nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Case, Plan } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { startOurs } from '../kit/ours.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, inTurn, middle } from '../kit/turns.ts';
import { row } from './rows.ts';
import { type StartSide, withSide } from './wordcount.ts';

const INTERVAL_MS = 20;

interface Idle {
  /** Of one core. */
  readonly cores: number;
  readonly batchesPerSecond: number;
  readonly peakBytes: number;
}

function idling(name: string, { warmupSeconds, seconds }: Plan, start: StartSide): Contestant<Idle> {
  const run = (): Promise<Idle> =>
    withSide(start, async (side) => {
      await side.nextCommit({ empty: true });
      await Promise.race([sleep(warmupSeconds * 1000), side.gone()]);
      const from = await side.nextCommit({ empty: true });
      await Promise.race([sleep(seconds * 1000), side.gone()]);
      const to = await side.nextCommit({ empty: true });
      const wall = (to.at - from.at) / 1000;
      return {
        cores: (to.cpuSeconds - from.cpuSeconds) / wall,
        batchesPerSecond: (to.batches - from.batches) / wall,
        peakBytes: side.process.peakBytes(),
      };
    });
  return { name, run };
}

export const idle: Case = {
  id: 'idle',
  group: 'idle',
  needs: ['spark'],
  async run(plan) {
    const flags = ['--batch-interval', `${INTERVAL_MS}ms`];
    const [us, them] = await inTurn(plan.pairs, [
      idling('streamjob', plan, (port, directory) =>
        startOurs({ job: 'wordcount.ts', flags, directory, env: { BENCH_PORT: String(port) } }),
      ),
      idling('Spark', plan, (port, directory) => startSpark('push', { port, interval: INTERVAL_MS }, directory)),
    ]);
    if (us === undefined || them === undefined) throw new Error('two contestants, two outcomes');
    return {
      title: 'Empty batches',
      method: `The word count at an interval of ${INTERVAL_MS} ms, a receiver that listens, and no events. Both sides write a line for each batch.`,
      rows: [
        row({
          what: `CPU at a ${INTERVAL_MS} ms interval, no events: ours over Spark's`,
          target: 0.1,
          sense: 'at most',
          over: us,
          under: them,
          ours: 'over',
          figure: ({ cores }) => cores,
          show: (cores) => `${digits(cores)} of a core`,
        }),
      ],
      tables: [
        {
          title: '',
          columns: ['', 'cores busy', 'batches/s', 'peak memory'],
          lines: [us, them].map((side) => [
            side.name,
            digits(middle(side, ({ cores }) => cores)),
            digits(middle(side, ({ batchesPerSecond }) => batchesPerSecond)),
            megabytes(middle(side, ({ peakBytes }) => peakBytes)),
          ]),
        },
      ],
    };
  },
};
