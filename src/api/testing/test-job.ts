/** A job under test that lives on: batch after batch, through restarts from its checkpoint and jumps of the clock. */

import { tmpdir } from 'node:os';
import path from 'node:path';
import { ManualClock } from '../../core/clock.ts';
import { type DurationLike, durationMs } from '../../core/duration.ts';
import { StreamjobError } from '../../core/errors.ts';
import { silentLogger } from '../../core/log.ts';
import { fsSync } from '../../core/machine.ts';
import { count, flag, misfit, type OptionTable, type Resolved, resolveOptions } from '../../core/options.ts';
import { didYouMean } from '../../core/registry.ts';
import type { DeadLetter } from '../../flow/output/dead-letters.ts';
import { CONTEXT_OPTIONS } from '../options.ts';
import { StreamingContext } from '../streaming-context.ts';
import {
  type BatchResult,
  type BuildTestJob,
  buildTestJob,
  KIT_OPTIONS,
  type KitModule,
  kitJob,
  type Push,
} from './kit-graph.ts';

/** What `testJob` takes. */
export interface TestJobOptions {
  /**
   * From one batch to the next, e.g. '250ms' or '1s'. With peers that wait for the commit, half of their time limit at
   * most. In ms, or a text such as '250ms', '1s', '5m'.
   */
  readonly batchInterval: DurationLike;
  /** Partitions of batches and shuffles, unless an operator says otherwise. Default: 2. */
  readonly numPartitions?: number;
  /** What the clock shows at first, in ms since the epoch. Default: 0. */
  readonly startTime?: number;
  /** Whether state and windows outlive a restart, in a directory of the kit's that `stop` removes. Default: true. */
  readonly checkpoint?: boolean;
  /**
   * What to do when a function of an operator throws on a value: fail the batch, or leave the value out. A value that
   * is left out is in `deadLetterFile`, synced, before the batch commits. Outputs, functions over a whole partition or
   * over all values of a key, and the combining of partial results fail the batch in any case. Default: 'fail'.
   */
  readonly onPoison?: 'fail' | 'skip';
  /**
   * Who computes: 'inline', the main thread; 'threads', a worker thread per partition, at most one per core; or
   * 'spark', the executors of a Spark cluster. Each worker thread builds the job again: what its functions capture is
   * then a variable of each thread. A program names the module of the job with `job`. See docs/speed.md. Default:
   * 'inline'.
   */
  readonly engine?: string;
  /** With engine 'spark', where the Spark Connect server of the cluster is. */
  readonly master?: string;
  /**
   * With engine 'spark', where executors read and write data and states themselves. A directory, or
   * `s3://BUCKET/PREFIX`. What is in it is of use while the job runs only: what outlives a crash is the checkpoint.
   * Default: all data goes through the driver, and states are in it.
   */
  readonly storage?: string;
  /**
   * Where worker threads find what the test's function does; needed for engine 'threads'. A module whose default export
   * is the same function, with `data` as its last parameter.
   */
  readonly job?: KitModule;
}

export const TEST_JOB_OPTIONS = {
  ...KIT_OPTIONS,
  startTime: count({
    default: 0,
    unit: 'ms since the epoch',
    doc: 'what the clock shows at first, in ms since the epoch',
  }),
  checkpoint: flag({
    default: true,
    doc: "whether state and windows outlive a restart, in a directory of the kit's that `stop` removes",
  }),
  onPoison: CONTEXT_OPTIONS.onPoison,
} satisfies OptionTable<TestJobOptions>;

/** Values that were pushed and have not committed. */
interface Pushed {
  readonly input: string;
  readonly values: readonly unknown[] | null;
}

interface Run {
  readonly ssc: StreamingContext;
  readonly inputs: ReadonlyMap<string, Push>;
  /** Why a batch failed; the context has stopped then. */
  failure: unknown;
  ended: boolean;
}

/** A job under test; made by `testJob`. */
export class TestJob<O extends object> {
  readonly #options: Resolved<typeof TEST_JOB_OPTIONS>;
  readonly #batchMs: number;
  readonly #directory: string;
  readonly #clock: ManualClock;
  readonly #outputs = new Map<string, BatchResult<unknown>[]>();
  /** In the order of their pushes. A source would send again after a crash what was not acknowledged: so does `restart`. */
  readonly #open = new Set<Pushed>();
  #build: BuildTestJob<O>;
  #printed = '';
  #run: Run | undefined;

  private constructor(options: TestJobOptions, build: BuildTestJob<O>) {
    this.#options = resolveOptions('testJob', TEST_JOB_OPTIONS, options);
    this.#batchMs = this.#options.batchInterval;
    this.#clock = new ManualClock(this.#options.startTime);
    this.#build = build;
    this.#directory = fsSync.mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  }

  /** @internal */
  static async start<O extends object>(options: TestJobOptions, build: BuildTestJob<O>): Promise<TestJob<O>> {
    const job = new TestJob(options, build);
    try {
      await job.#start();
    } catch (error) {
      fsSync.rmSync(job.#directory, { recursive: true, force: true });
      throw error;
    }
    return job;
  }

  /** What the clock shows, in ms since the epoch. */
  get now(): number {
    return this.#clock.now();
  }

  /**
   * The batches of each output so far, of all runs, in their order. A batch that failed and was run again is there for each time that
   * this output was called.
   */
  get outputs(): { readonly [K in keyof O]: readonly BatchResult<O[K]>[] } {
    // Each was collected from the stream of this name.
    return Object.fromEntries(this.#outputs) as { [K in keyof O]: BatchResult<O[K]>[] };
  }

  /** What `print` printed so far. */
  get printed(): string {
    return this.#printed;
  }

  /** With onPoison: 'skip', the values that functions threw on, as the dead-letter file has them. */
  get deadLetters(): readonly DeadLetter[] {
    if (!fsSync.existsSync(this.#deadLetterFile)) return [];
    const lines = fsSync.readFileSync(this.#deadLetterFile, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as DeadLetter);
  }

  get #deadLetterFile(): string {
    return path.join(this.#directory, 'dead-letters.jsonl');
  }

  /**
   * Hands values to an input: they are in the next batch.
   * @param values null: the input has no data at all in the next batch, not even an empty batch (Spark's None)
   * @throws StreamjobError CONFIG_UNKNOWN for an input that there is not; CONTEXT_STATE when the job does not run
   * @example job.push('words', ['a', 'b'])
   */
  push(input: string, values: readonly unknown[] | null): void {
    const run = this.#requireRun('push');
    const known = [...run.inputs.keys()];
    if (!run.inputs.has(input)) {
      throw new StreamjobError('CONFIG_UNKNOWN', `there is no input ${JSON.stringify(input)}`, {
        where: 'push',
        hint: `${didYouMean(input, known)}inputs are ${known.join(', ')}`,
      });
    }
    const pushed = { input, values };
    this.#open.add(pushed);
    this.#handOver(run, pushed);
  }

  /**
   * Moves the clock and runs all batches that come due. As in a job that slept, empty batches on the way are passed in one step.
   * @param duration ms, or a text such as '10m'. Default: one batch interval
   * @throws what made a batch fail: the job has stopped then, and `restart` may start it again; StreamjobError CONTEXT_STATE
   * @example await job.advance('1h')
   */
  async advance(duration: DurationLike = this.#batchMs): Promise<void> {
    const run = this.#requireRun('advance');
    this.#clock.advance(durationMs(duration, 'duration'));
    await settle(run);
  }

  /**
   * Sets the clock, backwards too, as an administrator may, and runs the batches that are due then.
   * @param time in ms since the epoch
   * @throws as advance; StreamjobError CONFIG_INVALID
   * @example await job.setClock(0)
   */
  async setClock(time: number): Promise<void> {
    const run = this.#requireRun('setClock');
    const option = count({});
    if (option.read(time, 'setClock', false) === undefined) throw misfit('time', time, option, 'setClock');
    this.#clock.advanceTo(time);
    await settle(run);
  }

  /**
   * Ends the job as a crash does, and starts it from its checkpoint: what has not committed is handed to its inputs again, and batches
   * that are due are run.
   * @param build the job as it is from now on, when it was changed meanwhile
   * @throws what the start or a batch threw
   * @example await job.restart()
   */
  async restart(build: BuildTestJob<O> = this.#build): Promise<void> {
    if (!fsSync.existsSync(this.#directory)) throw stopped('restart', 'make a new one with testJob');
    await this.#end();
    this.#build = build;
    await this.#start();
  }

  /** Ends the job and removes its files. It may be called again. */
  async stop(): Promise<void> {
    await this.#end();
    fsSync.rmSync(this.#directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { batchInterval, numPartitions, checkpoint, onPoison, engine, master, storage, job } = this.#options;
    const ssc = new StreamingContext({
      batchInterval,
      clock: this.#clock,
      parallelism: numPartitions,
      onFailure: 'stop',
      onPoison,
      deadLetterFile: this.#deadLetterFile,
      checkpointDir: checkpoint && path.join(this.#directory, 'checkpoint'),
      engine,
      ...(master === undefined ? {} : { master }),
      ...(storage === undefined ? {} : { storage }),
      ...kitJob('job', job),
      log: silentLogger,
      write: (text) => {
        this.#printed += text;
      },
    });
    const { inputs, outputs } = await buildTestJob(ssc, this.#build, job?.data, (name, time, values) => {
      this.#outputs.get(name)?.push({ time, values });
    });
    for (const name of outputs) if (!this.#outputs.has(name)) this.#outputs.set(name, []);
    const run: Run = { ssc, inputs, failure: undefined, ended: false };
    ssc.events$.subscribe({
      next: (event) => {
        if (event.type === 'batchFailed') run.failure = event.error;
      },
      complete: () => {
        run.ended = true;
      },
    });
    await ssc.start();
    this.#run = run;
    for (const pushed of this.#open) if (inputs.has(pushed.input)) this.#handOver(run, pushed);
    await settle(run);
  }

  #handOver(run: Run, pushed: Pushed): void {
    run.inputs.get(pushed.input)?.(pushed.values, (outcome) => {
      if (outcome === 'committed') this.#open.delete(pushed);
    });
  }

  async #end(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.ssc.stop({ graceful: false });
  }

  #requireRun(call: string): Run {
    if (this.#run !== undefined && !this.#run.ended) return this.#run;
    throw stopped(call, 'restart() starts it from its checkpoint; after stop() make a new one with testJob');
  }
}

function stopped(where: string, hint: string): StreamjobError {
  return new StreamjobError('CONTEXT_STATE', 'the job does not run', { where, hint });
}

/** Waits until all that is due has run. @throws what made a batch fail */
async function settle(run: Run): Promise<void> {
  await StreamingContext.caughtUp(run.ssc);
  if (run.failure === undefined) return;
  await run.ssc.awaitTermination().catch(() => {});
  throw run.failure;
}

/**
 * Starts a job under a clock that stands still, with inputs that the test pushes to and outputs that it reads. `stop` it at the end.
 * @param options the batch interval, and how the job runs
 * @param build makes the inputs and gives the streams whose batches are collected
 * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN; what `build` or the start threw
 * @example
 * const job = await testJob({ batchInterval: '1s' }, (_, input) => {
 *   const words = input<string>('words');
 *   return { counts: words.map((word) => [word, 1] as const).updateStateByKey((ones, sum) => (sum ?? 0) + ones.length) };
 * });
 * job.push('words', ['a', 'b']);
 * await job.advance();
 * await job.restart();
 * job.push('words', ['a']);
 * await job.advance();
 * job.outputs.counts.at(-1); // { time: 2000, values: [['a', 2], ['b', 1]] }
 * await job.stop();
 */
export function testJob<O extends object>(options: TestJobOptions, build: BuildTestJob<O>): Promise<TestJob<O>> {
  return TestJob.start(options, build);
}
