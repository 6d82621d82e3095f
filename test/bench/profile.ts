/**
 * Where the time goes: npm run bench:profile -- [SECONDS] [FLAG ...] runs the word count with the flags of `streamjob run` under a
 * load that is as fast as it takes, and prints the functions that used most of it. npm run bench:profile -- agent does so with the flows of
 * the embedded agent.
 */
import { buildCommandLine } from '../interop/kit/build.ts';
import { profileAgents } from './cases/agent.ts';
import { profileWordCount } from './cases/wordcount.ts';
import { Load } from './kit/load.ts';
import type { Hot } from './kit/profile.ts';

const SHOWN = 35;

function print(title: string, hot: readonly Hot[]): void {
  const lines = hot.slice(0, SHOWN).map(({ name, place, part }) => {
    return `${(part * 100).toFixed(1).padStart(5)} %  ${name}  ${place}\n`;
  });
  process.stdout.write(`${title}\n${lines.join('')}`);
}

const [first = '10', ...flags] = process.argv.slice(2);
await buildCommandLine();
if (first === 'agent') for (const [flow, hot] of await profileAgents()) print(flow, hot);
const threads =
  first === 'agent' ? [] : await profileWordCount(flags, (port) => Load.generator({ port }), Number(first));
for (const [thread, hot] of threads.entries()) print(`thread ${thread}, the busiest first`, hot);
