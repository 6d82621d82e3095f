/** Vectors of recovery: runs that are stopped or killed and go on from their checkpoint; the log; blocks and batches. */
import { appendFileSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { EventBlock } from '../../src/avro/event-block.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import { nodeFiles } from '../../src/core/files.ts';
import { silentLogger } from '../../src/core/log.ts';
import { RecordLog } from '../../src/durable/record-log.ts';
import { Checkpoint } from '../../src/flow/commit/checkpoint.ts';
import { FaultyFiles } from '../kit/faulty-files.ts';
import { events } from '../kit/wire.ts';
import { inDirectory } from './directory.ts';
import { compile } from './functions.ts';
import { oneBatch, runPipeline } from './pipeline.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

/** What is done otherwise on purpose, and why. */
export const DIFFERENT: Readonly<Record<string, string>> = {
  'checkpointsuite/spark-28912-getcheckpointfiles': "file names of Spark's own checkpoint",
  'checkpointsuite/spark-11267-the-race-condition-of-two-checkpoints-in-a-batch':
    "file names of Spark's own checkpoint",
  'writeaheadlogsuite/close-after-write-flag': "files of Spark's own log, for object stores that cannot flush",
  'writeaheadlogsuite/handling-file-errors-while-reading-rotating-logs':
    'Spark reads on past files that are damaged; here damage to what had been synced is an error, not a silent loss',
  'writeaheadlogsuite/batchedwriteaheadlog-name-log-with-the-highest-timestamp-of-aggregated-entries':
    "file names of Spark's own log; that what waits is written together is a test of the record log",
  'receiverinputdstreamsuite/createblockrdd-filters-non-existent-blocks-before-creating-blockrdd':
    'Spark drops blocks that it has lost, with a warning; here a block that is gone is an error',
};

/** The batches before the restart, and those after it. */
const checkpointRecovery = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const restart = vector.params['restartAfterBatches'] as number;
    const saveAs = vector.params['alsoSaveAs'] as { suffix: string } | undefined;
    const clock = new ManualClock(0);
    const common = {
      clock,
      checkpointDir: path.join(directory, 'checkpoint'),
      also: (stream: { saveAsTextFiles(prefix: string, suffix?: string): void }): void => {
        if (saveAs !== undefined) stream.saveAsTextFiles(path.join(directory, 'out'), saveAs.suffix);
      },
    };
    const before = await runPipeline(vector, { ...common, from: 0, to: restart });
    const after = await runPipeline(vector, { ...common, from: restart, to: vector.input.length });
    const error = before.error ?? after.error;
    if (error !== undefined) throw error.thrown;
    if (saveAs !== undefined) {
      const saved = readdirSync(directory).filter((name) => name.endsWith(`.${saveAs.suffix}`));
      if (saved.length !== vector.input.length) {
        return { result: 'failed', expected: `${vector.input.length} directories`, actual: saved };
      }
    }
    return verdict(vector.compare, vector.expected, [...before.batches, ...after.batches]);
  });

/** Files that come while the job runs, while it is down, and after it is back. */
const recoveryWithFiles = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const { batchMs = 1000, pipeline = [] } = vector.params;
    const [step] = pipeline;
    const down = new Set(vector.params['writtenWhileDown'] as number[]);
    const input = path.join(directory, 'in');
    await nodeFiles.makeDirectory(input);
    const clock = new ManualClock(batchMs);
    const seen = new Set<number>();
    const start = async (): Promise<StreamingContext> => {
      const ssc = new StreamingContext({
        batchInterval: batchMs,
        clock,
        checkpointDir: path.join(directory, 'checkpoint'),
        write: () => {},
      });
      ssc
        .textFileStream(input)
        .map(Number)
        .reduceByWindow(compile(step?.fn) as never, step?.windowMs ?? 0, step?.slideMs ?? 0)
        .foreachRDD(async (rdd) => {
          for (const value of await rdd.collect()) seen.add(value);
        });
      await ssc.start();
      return ssc;
    };
    let ssc: StreamingContext | undefined = await start();
    for (const [i, file] of vector.input.entries()) {
      const number = file?.[0] as number;
      if (down.has(number) && ssc !== undefined) {
        await ssc.stop({ graceful: false });
        ssc = undefined;
      }
      if (!down.has(number) && ssc === undefined) {
        ssc = await start();
        // The batches that were missed are made up for, one by one.
        for (let missed = 0; missed < down.size; missed++) await oneBatch(ssc, () => {});
      }
      clock.advance(batchMs / 2);
      const name = path.join(input, `file${i}`);
      writeFileSync(name, `${number}\n`);
      utimesSync(name, clock.now() / 1000, clock.now() / 1000);
      const tick = (): void => clock.advance(batchMs / 2);
      if (ssc === undefined) tick();
      else await oneBatch(ssc, tick);
    }
    await ssc?.stop({ graceful: false });
    return verdict('flattened-set', vector.expected, [[...seen]]);
  });

/** One file per batch; the process loses power again and again, at any of its writes. */
const driverFailure = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const { batchMs = 1000, pipeline = [] } = vector.params;
    const input = path.join(directory, 'in');
    await nodeFiles.makeDirectory(input);
    const clock = new ManualClock(batchMs);
    const out: unknown[] = [];
    let files = new FaultyFiles();
    const start = async (): Promise<StreamingContext> => {
      files = new FaultyFiles();
      const ssc = new StreamingContext({
        batchInterval: batchMs,
        clock,
        files,
        checkpointDir: path.join(directory, 'checkpoint'),
        write: () => {},
      });
      // biome-ignore lint/suspicious/noExplicitAny: what the vector's functions make
      let stream: any = ssc.textFileStream(input);
      for (const step of pipeline) {
        const options = step.op === 'updateStateByKey' ? [{}] : [];
        stream = stream[step.op](compile(step.fn), ...options);
      }
      stream.foreachRDD(async (rdd: { collect(): Promise<unknown[]> }) => void out.push(await rdd.collect()));
      await ssc.start();
      return ssc;
    };
    let ssc = await start();
    for (const [i, lines] of vector.input.entries()) {
      clock.advance(batchMs / 2);
      const name = path.join(input, `file${i}`);
      writeFileSync(name, (lines ?? []).map((line) => `${line}\n`).join(''));
      utimesSync(name, clock.now() / 1000, clock.now() / 1000);
      // Each third batch meets a dead disk at its commit, and then the power is gone.
      if (i % 3 === 2) files.fail('sync', 0, Number.POSITIVE_INFINITY);
      const failure = await oneBatch(ssc, () => clock.advance(batchMs / 2));
      if (failure === undefined) continue;
      files.powerCut();
      await ssc.stop({ graceful: false });
      ssc = await start();
      // The batch that failed is due already.
      await oneBatch(ssc, () => {});
    }
    await ssc.stop({ graceful: false });
    const text = (value: unknown): string => JSON.stringify(value);
    const got = new Set(out.map(text));
    const want = vector.expected.map(text);
    const wrong = [...got].filter((value) => value !== '[]' && !want.includes(value));
    const missing = want.filter((value) => !got.has(value));
    if (missing.length === 0 && wrong.length === 0) return { result: 'passed' };
    return { result: 'failed', expected: vector.expected, actual: out };
  });

const logRead = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const rows: string[][] = [];
    for (const [i, [fault]] of (vector.input as readonly (readonly string[])[]).entries()) {
      const options = { files: nodeFiles, directory, name: `log${i}`, segmentBytes: 1e6 };
      const log = await RecordLog.open(options, () => {});
      const records = ['r1', 'r2', 'r3', 'r4'];
      for (const record of records.slice(0, -1)) await log.append(Buffer.from(record));
      // The last one is on disk and the process dies before it learns of it: what follows a sync is missing.
      await log.append(Buffer.from('r4'));
      await log.close();
      // A process that dies leaves no word of how far the log went.
      rmSync(path.join(directory, `log${i}-closed.json`));
      const file = path.join(directory, `log${i}-0000000001.log`);
      truncateSync(file, (await nodeFiles.size(file)) - 20);
      if (fault?.startsWith('append')) appendFileSync(file, 'garbage');
      if (fault?.startsWith('truncate')) truncateSync(file, (await nodeFiles.size(file)) - 1);
      const found: string[] = [];
      await (await RecordLog.open(options, (bytes) => found.push(bytes.toString()))).close();
      const all = found.join() === records.join();
      rows.push([
        all ? 'all records' : found.join() === records.slice(0, -1).join() ? 'all records but the last' : found.join(),
      ]);
    }
    return verdict(vector.compare, vector.expected, rows);
  });

const block = (name: string): EventBlock => EventBlock.fromArray(events([name]));

/** Blocks and batches of a checkpoint, opened anew for each look at it. */
class Tracker {
  readonly #directory: string;
  #files = new FaultyFiles();
  #checkpoint: Checkpoint | undefined;
  readonly #done: (readonly [number, string[]])[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  async add(names: readonly string[]): Promise<void> {
    for (const name of names) await (await this.#open()).logBlock('in', block(name), false);
  }

  /** The batch before is over; its contents are remembered here, since a checkpoint needs them no more. */
  async allocate(time: number, failing = false): Promise<void> {
    const checkpoint = await this.#open();
    const waiting = [...checkpoint.recovered.waiting.values()].map(({ value }) => value);
    const names = await this.#names(waiting.map(({ ref }) => ref));
    if (failing) this.#files.fail('append');
    try {
      const blocks = waiting.map(({ input, ref }) => ({ input, ref, values: false }));
      await checkpoint.logBatch(time, `batch ${time}`, blocks, []);
      this.#done.push([time, names]);
    } catch (error) {
      if (!(error instanceof StreamjobError)) throw error;
    }
  }

  batch(time: number): string[] | null {
    return this.#done.find(([each]) => each === time)?.[1] ?? null;
  }

  async waiting(): Promise<string[]> {
    const { recovered } = await this.#open();
    return this.#names([...recovered.waiting.values()].map(({ value }) => value.ref));
  }

  /** What a new process finds of the batch that was cut last. */
  async pending(): Promise<string[]> {
    const { recovered } = await this.#open();
    return this.#names((recovered.pending?.blocks ?? []).map(({ ref }) => ref));
  }

  async restart(): Promise<void> {
    await this.#checkpoint?.close();
    this.#checkpoint = undefined;
    this.#files = new FaultyFiles();
  }

  async #names(refs: readonly Parameters<Checkpoint['read']>[0][]): Promise<string[]> {
    const checkpoint = await this.#open();
    const blocks = await Promise.all(refs.map((ref) => checkpoint.read(ref)));
    return blocks.flatMap((each) => each.toArray().map((event) => event.text()));
  }

  async #open(): Promise<Checkpoint> {
    this.#checkpoint ??= await Checkpoint.open({
      directory: this.#directory,
      files: this.#files,
      log: silentLogger,
      batchMs: 1,
      forms: new Map(),
    });
    return this.#checkpoint;
  }
}

const blockTracker = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const tracker = new Tracker(directory);
    const rows: unknown[] = [];
    for (const [call, arg] of vector.input as readonly (readonly [string, never])[]) {
      if (call === 'add') await tracker.add(arg);
      else if (call.startsWith('allocate')) await tracker.allocate(arg, call.includes('fails'));
      else await tracker.restart();
      rows.push([await tracker.waiting(), tracker.batch(1), tracker.batch(2)]);
    }
    await tracker.restart();
    return verdict(vector.compare, vector.expected, rows);
  });

/** What a new process finds after these records. */
const trackerRecovery = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const tracker = new Tracker(directory);
    const [[, added], allocation] = vector.input as unknown as [[string, string[]], [string, string, string[]]];
    const allocated = allocation?.[2] ?? [];
    await tracker.add(added.filter((name) => allocated.includes(name)));
    await tracker.allocate(1);
    await tracker.add(added.filter((name) => !allocated.includes(name)));
    await tracker.restart();
    const rows = [[await tracker.pending(), await tracker.waiting()]];
    await tracker.restart();
    return verdict(vector.compare, vector.expected, rows);
  });

const trackerCleanup = (vector: Vector): Promise<Verdict> => {
  if (vector.params['rollingIntervalSecs'] === undefined) return trackerRecovery(vector);
  return Promise.resolve({
    result: 'skipped',
    why: "ReceivedBlockTracker.recover: what Spark keeps of batches that are over; here a batch's blocks go with its commit",
  });
};

const loggedBlocks = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const tracker = new Tracker(directory);
    await tracker.add((vector.input[0] ?? []) as string[]);
    await tracker.restart();
    const found = await tracker.waiting();
    await tracker.restart();
    return verdict(vector.compare, vector.expected, [found]);
  });

export const RECOVERY: Readonly<Record<string, (vector: Vector) => Promise<Verdict>>> = {
  checkpointRecovery,
  'checkpointRecovery.files': recoveryWithFiles,
  driverFailure,
  'WAL.read': logRead,
  ReceivedBlockTracker: blockTracker,
  'ReceivedBlockTracker.recover': trackerCleanup,
  'receiver.blockRDD': loggedBlocks,
};
