/**
 * Runs seeds of the simulator.
 *
 *   npm run simulate -- --seed 17              one seed, with what happened
 *   npm run simulate -- --seed 17 --steps      every step of it
 *   npm run simulate -- --from 1 --seeds 2000  many, and what they came to
 *   npm run simulate -- --seed 17 --shrink     makes the story of a failing seed smaller
 *
 * `--no-swarm` lets all kinds of fault come in every seed; `--faults kill-job,partition` only these; `--twice` runs each seed twice and
 * compares the traces; `--seconds N` ends after that time. `--until-failure` ends at the first seed in which a promise is broken, and
 * says each seed as a line of JSON when it is over (world/verdict.ts), for who runs it (planted/run.ts).
 */
import yargs from 'yargs';
import { FAULTS, type Fault } from '../../src/simulation/world/faults.ts';
import { Report } from './report.ts';
import { shrink } from './shrink.ts';
import type { Verdict } from './world/verdict.ts';
import { type Outcome, type RunOptions, runSeed } from './world/world.ts';

const args = yargs(process.argv.slice(2))
  .options({
    seed: { type: 'number', describe: 'one seed' },
    from: { type: 'number', default: 1, describe: 'the first of several' },
    seeds: { type: 'number', default: 100, describe: 'how many' },
    steps: { type: 'boolean', default: false, describe: 'every step of the one seed' },
    shrink: { type: 'boolean', default: false, describe: 'make a failing seed smaller' },
    swarm: { type: 'boolean', default: true, describe: 'switch about half of the faults off by the seed' },
    faults: { type: 'string', describe: 'only these kinds of fault' },
    twice: { type: 'boolean', default: false, describe: 'run each seed twice and compare the traces' },
    seconds: { type: 'number', default: Number.POSITIVE_INFINITY, describe: 'end after so many seconds' },
    'until-failure': { type: 'boolean', default: false, describe: 'end at the first seed with a broken promise' },
    json: { type: 'boolean', default: false, describe: 'what they came to as JSON, for programs' },
  })
  .strict()
  .parseSync();

const only = args.faults?.split(',').filter((name): name is Fault => FAULTS.some((fault) => fault === name));
const options: RunOptions = { swarm: args.swarm, ...(only === undefined ? {} : { only }) };

async function one(seed: number): Promise<boolean> {
  const outcome = await runSeed(seed, { ...options, story: args.steps ? 'steps' : 'short' });
  console.log(outcome.story.join('\n'));
  tell(outcome);
  if (outcome.violations.length === 0 || !args.shrink) return outcome.violations.length === 0;
  const smaller = await shrink(seed, options);
  console.log(`\nsmaller: ${smaller.how.join(', ') || 'not to be had'}\n`);
  console.log(smaller.outcome.story.join('\n'));
  tell(smaller.outcome);
  return false;
}

function tell({ hash, made, seed, simulatedMs, steps, violations }: Outcome): void {
  console.log(
    `seed ${seed}: ${made} events, ${steps} steps, ${Math.round(simulatedMs / 1000)} s of simulated time, trace ${hash}`,
  );
  for (const { at, promise, what } of violations.slice(0, 4))
    console.log(`  ${promise} at ${(at / 1000).toFixed(3)} s: ${what}`);
}

async function many(): Promise<boolean> {
  const report = new Report();
  const began = Date.now();
  for (let seed = args.from; seed < args.from + args.seeds; seed++) {
    if (Date.now() - began > args.seconds * 1000) break;
    const outcome = await runSeed(seed, options);
    report.add(outcome);
    if (outcome.violations.length > 0) tell(outcome);
    if (!args.twice) continue;
    const again = await runSeed(seed, options);
    if (again.hash !== outcome.hash) report.differs(seed);
  }
  console.log(args.json ? report.json() : report.text());
  return report.passed;
}

/** A line for each seed, so that who reads them knows at which one this process hangs or dies. */
async function untilFailure(): Promise<boolean> {
  for (let seed = args.from; seed < args.from + args.seeds; seed++) {
    const { violations } = await runSeed(seed, options);
    const [first] = violations;
    const broken = [...new Set(violations.map(({ promise }) => promise))].join(', ');
    const promise = first === undefined ? undefined : broken;
    console.log(JSON.stringify({ seed, promise, what: first?.what } satisfies Verdict));
    if (first !== undefined) return false;
  }
  return true;
}

const run = args.seed !== undefined ? one(args.seed) : args.untilFailure ? untilFailure() : many();
process.exitCode = (await run) ? 0 : 1;
