/**
 * Where the time goes: npm run bench:profile -- [SECONDS] [FLAG ...] runs the word count with the flags of `streamjob run` under a
 * load that is as fast as it takes, and prints the functions that used most of it.
 */
import { buildCommandLine } from '../interop/kit/build.ts';
import { profileWordCount } from './cases/wordcount.ts';
import { Load } from './kit/load.ts';

const SHOWN = 35;

const [seconds = '10', ...flags] = process.argv.slice(2);
await buildCommandLine();
const threads = await profileWordCount(flags, (port) => Load.generator({ port }), Number(seconds));
for (const [thread, hot] of threads.entries()) {
  const lines = hot.slice(0, SHOWN).map(({ name, place, part }) => {
    return `${(part * 100).toFixed(1).padStart(5)} %  ${name}  ${place}\n`;
  });
  process.stdout.write(`thread ${thread}, the busiest first\n${lines.join('')}`);
}
