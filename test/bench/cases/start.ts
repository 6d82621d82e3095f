/** Start of the installed command to the first committed batch that holds events. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../../interop/kit/places.ts';
import { freePort } from '../../kit/ports.ts';
import { type Case, withDirectory } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { startOurs } from '../kit/ours.ts';
import type { Side } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { type Contestant, inTurn } from '../kit/turns.ts';
import { row } from './rows.ts';

const INTERVAL_MS = 100;
const EVENTS_PER_SECOND = 1000;

/** Packs this repository and installs the package, as a user would. @returns the command */
export function install(directory: string): string {
  const npm = (args: readonly string[], cwd: string): void => {
    execFileSync('npm', [...args, '--silent'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  npm(['pack', '--ignore-scripts', '--pack-destination', directory], repository);
  const tarball = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  npm(['init', '-y'], directory);
  npm(['install', '--no-audit', '--no-fund', path.join(directory, tarball)], directory);
  return path.join(directory, 'node_modules/.bin/streamjob');
}

/** In seconds, from the start of the process. The load is there before: it sends when the port is listened on. */
async function timeToCommit(start: (port: number, directory: string) => Side): Promise<number> {
  const port = await freePort();
  const load = Load.generator({ port, rate: EVENTS_PER_SECOND, batch: 10, connections: 1 });
  try {
    return await withDirectory(async (directory) => {
      // It is up, and tries to connect.
      await load.report();
      const side = start(port, directory);
      try {
        const { at } = await side.nextCommit();
        return (at - side.process.startedAt) / 1000;
      } finally {
        await side.process.kill();
      }
    });
  } finally {
    await load.process.kill();
  }
}

export const start: Case = {
  id: 'start',
  group: 'start',
  needs: ['spark'],
  async run({ pairs }) {
    return await withDirectory(async (installed) => {
      const command = [install(installed)];
      const flags = ['--batch-interval', `${INTERVAL_MS}ms`, '--reliability', 'best-effort'];
      const contestants: Contestant<number>[] = [
        {
          name: 'streamjob',
          run: () =>
            timeToCommit((port) =>
              startOurs({
                job: path.join(installed, 'wordcount.ts'),
                flags,
                directory: installed,
                env: { BENCH_PORT: String(port) },
                command,
              }),
            ),
        },
        {
          name: 'Spark',
          run: () => timeToCommit((port, directory) => startSpark('push', { port, interval: INTERVAL_MS }, directory)),
        },
      ];
      execFileSync('cp', [path.join(repository, 'test/bench/jobs/wordcount.ts'), installed]);
      const [us, them] = await inTurn(pairs, contestants);
      if (us === undefined || them === undefined) throw new Error('two contestants, two outcomes');
      return {
        title: 'Start',
        method: `From the start of the process to the first committed batch that holds events, at an interval of ${INTERVAL_MS} ms. Ours is the command that npm installs from the packed tarball; Spark is its JVM with the classes as they are, without spark-submit before it.`,
        rows: [
          row({
            what: 'start of the installed command to the first committed batch, 100 ms interval: Spark over ours',
            target: 8,
            sense: 'at least',
            over: them,
            under: us,
            figure: (seconds) => seconds,
            show: (seconds) => `${digits(seconds)} s`,
          }),
        ],
        tables: [],
      };
    });
  },
};
