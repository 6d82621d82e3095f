/**
 * Where the time goes: npm run bench:profile -- [SECONDS] [FLAG ...] runs the word count with the flags of `streamjob run` under a
 * load that is as fast as it takes, and prints the functions that used most of it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildCommandLine } from '../interop/kit/build.ts';
import { repository } from '../interop/kit/places.ts';
import { freePort } from '../kit/ports.ts';
import { withDirectory } from './kit/case.ts';
import { Load } from './kit/load.ts';
import { startOurs } from './kit/ours.ts';

const SHOWN = 35;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Self time by function, as lines of percent, name and place. */
function hottest({ nodes, samples, timeDeltas }: Profile): string[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id);
    const place = frame === undefined ? '?' : `${frame.url.split('/').slice(-3).join('/')}:${frame.lineNumber + 1}`;
    const name = `${frame?.functionName || '(anonymous)'}  ${place === ':0' ? '' : place}`;
    const time = timeDeltas[index] ?? 0;
    times.set(name, (times.get(name) ?? 0) + time);
    total += time;
  }
  const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  return sorted.map(([name, time]) => `${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}`);
}

const [seconds = '10', ...flags] = process.argv.slice(2);
await buildCommandLine();
await withDirectory(async (directory) => {
  const port = await freePort();
  const command = [
    process.execPath,
    '--cpu-prof',
    '--cpu-prof-interval',
    '500',
    `--cpu-prof-dir=${directory}`,
    path.join(repository, 'dist/cli.js'),
  ];
  const side = startOurs({ job: 'wordcount.ts', flags, directory, env: { BENCH_PORT: String(port) }, command });
  const load = Load.generator({ port });
  await side.nextCommit();
  await sleep(Number(seconds) * 1000);
  await load.stop();
  await side.process.stop('SIGINT', 60_000);
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(path.join(directory, file), 'utf8')) as Profile;
    process.stdout.write(`${file}\n${hottest(profile).join('\n')}\n`);
  }
});
