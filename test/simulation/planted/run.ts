/**
 * Plants bugs into copies of the code, one in each, and runs seeds of the simulator until one finds it: whether the simulation would
 * notice a mistake is measured, not believed.
 *
 *   npm run simulate:planted                           all bugs of bugs.ts
 *   npm run simulate:planted -- NAME NAME              these alone
 *
 * Writes what came out into docs/simulation-planted.md, where the rows of bugs that were not hunted stay as they are.
 *
 * `--jobs N`: how many at a time, 2 by default. `--seeds N`: the most seeds for each, instead of its bound. It fails when a bug is not
 * found within the seeds that the list says, or when a copy without a bug breaks a promise (`--sound`, which runs that too).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import yargs from 'yargs';
import { type Bug, ROOT } from './bug.ts';
import { BUGS } from './bugs.ts';
import { type Found, hunt } from './hunt.ts';
import { lineOf, page } from './page.ts';

const args = yargs(process.argv.slice(2))
  .options({
    jobs: { type: 'number', default: 2, describe: 'how many bugs at a time' },
    seeds: { type: 'number', describe: 'the most seeds for each bug, instead of its bound' },
    sound: { type: 'boolean', default: false, describe: 'run the code as it is, too: nothing may be found in it' },
  })
  .strictOptions()
  .parseSync();

/** Which seed finds a bug is another one after each change of the world or of the code: a bound below this says nothing. */
const LEAST_BOUND = 400;

function boundOf({ within }: Bug): number {
  return Math.max(within, LEAST_BOUND);
}

/** Of the code as it is. */
const SOUND_SEEDS = 400;

async function all(bugs: readonly Bug[]): Promise<Map<Bug, Found>> {
  const found = new Map<Bug, Found>();
  const left = [...bugs];
  const worker = async (): Promise<void> => {
    for (let bug = left.shift(); bug !== undefined; bug = left.shift()) {
      const outcome = await hunt(bug, args.seeds ?? boundOf(bug));
      found.set(bug, outcome);
      console.log(lineOf(bug, outcome));
    }
  };
  await Promise.all(Array.from({ length: args.jobs }, worker));
  return found;
}

const names = args._.map(String);
const unknown = names.filter((name) => !BUGS.some((bug) => bug.name === name));
if (unknown.length > 0) throw new Error(`there is no bug of the name ${unknown.join(', ')}`);
const bugs = names.length === 0 ? BUGS : BUGS.filter(({ name }) => names.includes(name));
const found = await all(bugs);
const late = bugs.filter((bug) => !((found.get(bug)?.seed ?? Number.POSITIVE_INFINITY) <= boundOf(bug)));
console.log(`${bugs.length - late.length} of ${bugs.length} were found within their bounds`);
if (late.length > 0) console.log(`not: ${late.map(({ name }) => name).join(', ')}`);
let isSound = true;
if (args.sound) {
  const { promise, seed } = await hunt(undefined, args.seeds ?? SOUND_SEEDS);
  isSound = promise === undefined;
  console.log(
    isSound ? `nothing was found in the code as it is` : `the code as it is breaks ${promise} at seed ${seed}`,
  );
}
const file = path.join(ROOT, 'docs/simulation-planted.md');
writeFileSync(file, page(BUGS, found, existsSync(file) ? readFileSync(file, 'utf8') : ''));
process.exitCode = late.length === 0 && isSound ? 0 : 1;
