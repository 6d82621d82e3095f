/**
 * simulate: a user's job in the simulator, with all that may happen to it, from one seed.
 *
 * How it is meant to be used, and why it is so:
 * - a test gives what the peers send and what must hold at the end; the seed decides when events come and what goes wrong;
 * - the job is what a job file has: a function that builds it, or `defineJob`'s result; it is built anew for each run of the job, as after a
 *   kill -9. What the function closes over is outside of the simulation, and outlives kills: only the test should use it;
 * - what the job needs of the world is its second parameter: the port, the sinks' addresses, stores for exactlyOnce, a directory;
 * - options are those of a context, by the same names and checks; the checkpoint directory is the simulation's;
 * - what can be promised without knowing the job is looked at anyhow (all is delivered in the end, a stop ends, no crash, no damage), and is
 *   an error unless the test asks to see it; what the job is to do, the test's own `check` knows;
 * - an error has the seed, how it is run alone, and what happened: a seed that failed fails again;
 * - simulations take the place of the machine for the whole thread: they run one after the other.
 */
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { count, misfit, resolveOptions } from '../../core/options.ts';
import type { Job } from '../job.ts';
import type { SimulateOptions, SimulateSeedsOptions } from './simulate-options.ts';
import {
  OPTION_NAMES_OF_JOB,
  SEEDS_OPTIONS,
  SIMULATE_OPTIONS,
  SIMULATE_SEEDS_OPTIONS,
  type SimulationSettings,
} from './simulate-table.ts';
import type { SimulatedRun } from './simulated-run.ts';
import { type BuildSimulated, runSeed, type SimulatedJob } from './simulated-seed.ts';

/** The variable that lets `simulateSeeds` run one seed alone. */
const SEED_VARIABLE = 'STREAMJOB_SEED';
/** So many of the last lines of what happened are in an error. */
const STORY_LINES = 60;

/**
 * Runs a job in the simulator: it, its peers, their network, the job's disk and clock and a store are in this thread, in simulated time, and
 * faults come as the seed says. Code of the job must not use real timers, sockets or files, nor Date.now and Math.random.
 *
 * @param options the seed, what the peers send, the options of the context, which faults may come, and what must hold at the end
 * @param job builds the job on a context; or a job of `defineJob`, whose options count where `options` has none
 * @returns what came of it
 * @throws StreamjobError SIMULATION_FAILED when a promise was broken or `check` threw (its error is the cause); NOT_SIMULATED when code of
 *   the job called what completes in real time; CONFIG_INVALID, CONFIG_UNKNOWN; what `job` throws
 * @example
 * const run = await simulate({ seed: 17, batchInterval: '500ms', events: (n) => `word${n % 3}` }, (ssc, world) => {
 *   ssc.flumeStream({ port: world.port })
 *     .map((event) => [event.text(), 1] as const)
 *     .reduceByKey((a, b) => a + b)
 *     .foreachRDD(exactlyOnce(world.store('counts'), async (rdd, time, tx) => tx.insert(...(await rdd.collect()))));
 * });
 * run.rows('counts'); // [['word0', 2], ['word1', 1], …]
 */
export async function simulate(options: SimulateOptions, job: BuildSimulated | Job): Promise<SimulatedRun> {
  const { seed, ...settings } = resolveOptions('simulate', SIMULATE_OPTIONS, withOptionsOf(job, options));
  const again = `simulate({ seed: ${seed} }) does the same again`;
  return await runAndCheck(seed, withInterval(settings, 'simulate'), toBeSimulated(job), again);
}

/**
 * Runs a job as `simulate` does, with one seed after the other, up to the first that fails. A test that runs many needs a longer time limit
 * than vitest gives it: a seed takes some 50 to 200 ms.
 *
 * The variable STREAMJOB_SEED of the environment lets it run that seed alone.
 * @param options how many seeds, and those of `simulate`
 * @param job as `simulate` takes it
 * @returns what came of each
 * @throws as `simulate`: the error has the seed, and what happened in it; StreamjobError CONFIG_INVALID also when STREAMJOB_SEED is no seed
 * @example
 * await simulateSeeds({ seeds: 50, batchInterval: '1s', events: words, check: (run) => expect(totals(run)).toEqual(expected) }, buildJob);
 */
export async function simulateSeeds(
  options: SimulateSeedsOptions,
  job: BuildSimulated | Job,
): Promise<readonly SimulatedRun[]> {
  const where = 'simulateSeeds';
  const { from, seeds, ...others } = resolveOptions(where, SIMULATE_SEEDS_OPTIONS, withOptionsOf(job, options));
  const settings = withInterval(others, where);
  const alone = seedOfEnvironment();
  const all = alone === undefined ? Array.from({ length: seeds }, (_, i) => from + i) : [alone];
  const runs: SimulatedRun[] = [];
  for (const seed of all) {
    runs.push(await runAndCheck(seed, settings, toBeSimulated(job), `${SEED_VARIABLE}=${seed} runs this seed alone`));
  }
  return runs;
}

function toBeSimulated(job: BuildSimulated | Job): SimulatedJob {
  return typeof job === 'function'
    ? { name: 'simulated', build: job }
    : { name: job.options.name, build: (ssc) => job.build(ssc) };
}

/** What a job says of itself counts where the test says nothing. @throws StreamjobError CONFIG_INVALID */
function withOptionsOf<O extends object>(job: unknown, options: O): O {
  if (typeof job === 'function') return options;
  const isJob = typeof job === 'object' && job !== null && Reflect.get(job, 'kind') === 'streamjob.job';
  if (!isJob) {
    const expected = 'a function that builds the job, or a job that defineJob has made';
    throw misfit('job', job, { expected }, 'simulate');
  }
  const own = Object.entries((job as Job).options).filter(([name]) => OPTION_NAMES_OF_JOB.includes(name));
  return { ...Object.fromEntries(own), ...options };
}

function withInterval<S extends Omit<SimulationSettings, 'batchInterval'> & { readonly batchInterval?: number }>(
  settings: S,
  where: string,
): S & SimulationSettings {
  const { batchInterval } = settings;
  if (batchInterval !== undefined) return { ...settings, batchInterval };
  throw new StreamjobError('CONFIG_INVALID', `${where} needs the option batchInterval`, {
    where,
    hint: "give one such as '500ms', or a job of defineJob, which has its own",
  });
}

/** @throws StreamjobError CONFIG_INVALID */
function seedOfEnvironment(): number | undefined {
  const text = process.env[SEED_VARIABLE];
  if (text === undefined || text === '') return undefined;
  const seed = SEEDS_OPTIONS.from.read(text, SEED_VARIABLE, true);
  if (seed === undefined) throw misfit(SEED_VARIABLE, text, count({}), 'simulateSeeds');
  return seed;
}

/** Resolves when the simulations before have ended. */
let turn: Promise<void> = Promise.resolve();

/** A simulation is in the place of the machine for all code of this thread: never two of them at a time. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const before = turn;
  let end = (): void => {};
  turn = new Promise((resolve) => {
    end = resolve;
  });
  await before;
  try {
    return await work();
  } finally {
    end();
  }
}

/** The check may begin simulations of its own, and so comes after the turn. */
async function runAndCheck(
  seed: number,
  { check, onBroken, ...settings }: SimulationSettings,
  job: SimulatedJob,
  again: string,
): Promise<SimulatedRun> {
  const run = await inTurn(() => runSeed(seed, settings, job));
  const thrown = await thrownBy(() => check?.(run));
  if (thrown === undefined && run.broken.length === 0) return run;
  if (onBroken === 'throw') throw failure(run, thrown, again);
  return thrown === undefined ? run : run.alsoBroke('check', messageOf(thrown.error));
}

async function thrownBy(work: () => unknown): Promise<{ readonly error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** A test's output shows the message of an error: it tells all that there is to know. */
function failure(run: SimulatedRun, thrown: { readonly error: unknown } | undefined, again: string): StreamjobError {
  const { broken, seed, story } = run;
  const promises = broken.map(({ at, promise, what }) => `${promise} after ${(at / 1000).toFixed(3)} s: ${what}`);
  const checked = thrown === undefined ? [] : [`the check threw: ${messageOf(thrown.error)}`];
  const last = story.slice(-STORY_LINES);
  const lines = [
    `seed ${seed} (${again}): ${[...promises, ...checked].join('\n')}`,
    `What happened, the last ${last.length} of ${story.length} lines (all: onBroken: 'return', run.story):`,
    ...last,
  ];
  return new StreamjobError('SIMULATION_FAILED', lines.join('\n'), {
    where: `seed ${seed}`,
    hint: again,
    ...(thrown === undefined ? {} : { cause: thrown.error }),
  });
}
