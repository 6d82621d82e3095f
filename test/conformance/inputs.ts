/** Vectors of inputs (files, sockets, stream numbers), of waiting for the context's end, and of the state store call by call. */
import { utimesSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { messageOf } from '../../src/core/errors.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { MemoryStateStore } from '../../src/state/memory.ts';
import { until } from '../kit/until.ts';
import { inDirectory } from './directory.ts';
import { oneBatch } from './pipeline.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

/** Writes a file whose modification time is the manual clock's. */
function place(file: string, content: string | Buffer, time: number): void {
  writeFileSync(file, content);
  utimesSync(file, time / 1000, time / 1000);
}

/** File i is written half-way into batch i. */
async function batchesOfFiles<T>(
  vector: Vector,
  startAt: number,
  directory: string,
  open: (ssc: StreamingContext) => DStream<T>,
  content: (batch: readonly unknown[]) => string | Buffer,
): Promise<T[][]> {
  const { batchMs = 1000 } = vector.params;
  const clock = new ManualClock(startAt);
  const ssc = new StreamingContext({ batchInterval: batchMs, clock, write: () => {} });
  const batches: T[][] = [];
  open(ssc).foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  for (const [i, batch] of vector.input.entries()) {
    const existing = vector.params['existingFile'] !== undefined && i === 0;
    clock.advance(batchMs / 2);
    if (!existing) place(path.join(directory, `file${i}`), content(batch ?? []), clock.now());
    await oneBatch(ssc, () => clock.advance(batchMs / 2));
  }
  await ssc.stop({ graceful: false });
  return batches;
}

const fileStream = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const { params } = vector;
    place(path.join(directory, 'existing'), `${params['existingFile']}\n`, params['existingModTime'] as number);
    const newFilesOnly = params['newFilesOnly'] === true;
    const batches = await batchesOfFiles(
      vector,
      params['startClock'] as number,
      directory,
      (ssc) => ssc.textFileStream(directory, { newFilesOnly }),
      (batch) => `${batch.join('\n')}\n`,
    );
    return verdict(vector.compare, vector.expected, batches);
  });

const binaryRecords = (vector: Vector): Promise<Verdict> =>
  inDirectory(async (directory) => {
    const length = vector.params['recordLength'] as number;
    const batches = await batchesOfFiles(
      vector,
      0,
      directory,
      (ssc) => ssc.binaryRecordsStream(directory, length).map((record) => record[0]),
      (batch) => Buffer.from(batch as number[]),
    );
    return verdict(vector.compare, vector.expected, batches);
  });

async function socketText(vector: Vector): Promise<Verdict> {
  const lines = vector.input.flat() as string[];
  const server = net.createServer((socket) => socket.write(lines.map((line) => `${line}\n`).join('')));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
  const batches: string[][] = [];
  ssc.socketTextStream('127.0.0.1', port).foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  await until(() => ssc.waitingEvents === lines.length);
  await oneBatch(ssc, () => clock.advance(1000));
  await ssc.stop({ graceful: false });
  server.close();
  return verdict(vector.compare, vector.expected, batches);
}

function streamIds(vector: Vector): Verdict {
  const ssc = new StreamingContext({ batchInterval: 1000 });
  const ids = (vector.input[0] as string[]).map((kind) => {
    const stream = kind === 'receiver' ? ssc.receiverStream({ onStart: () => {} }) : ssc.queueStream([]);
    return Number(/\[(\d+)\]/.exec(stream.name)?.[1]);
  });
  return verdict(vector.compare, vector.expected, [ids]);
}

async function awaiting(vector: Vector): Promise<Verdict> {
  const rows: unknown[] = [];
  for (const [text] of vector.input as readonly (readonly [string])[]) rows.push([await awaitCase(text)]);
  return verdict(vector.compare, vector.expected, rows);
}

async function awaitCase(text: string): Promise<unknown> {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, onFailure: 'stop', write: () => {} });
  const { stream, push } = ssc.valuesStream<number>();
  const message = /"(.*)"/.exec(text)?.[1] ?? '';
  const fail = (): never => {
    throw new Error(message);
  };
  if (text.startsWith('map')) stream.map(fail).foreachRDD(() => {});
  else if (text.startsWith('transform')) stream.transform(fail).foreachRDD(() => {});
  else stream.foreachRDD(() => {});
  await ssc.start();
  const timeout = Number(/^timeout (\d+)/.exec(text)?.[1] ?? 0);
  if (timeout > 0) {
    const waiting = ssc.awaitTerminationOrTimeout(timeout);
    const stopAfter = /stopped after (\d+)/.exec(text)?.[1];
    clock.advance(Number(stopAfter ?? timeout));
    if (stopAfter !== undefined) await ssc.stop({ graceful: false });
    const stopped = await waiting;
    await ssc.stop({ graceful: false });
    return stopped;
  }
  push([1]);
  clock.advance(1000);
  const error = await ssc.awaitTermination().then(
    () => '',
    (thrown: unknown) => messageOf(thrown),
  );
  const named = /(map task|transform)/.exec(error)?.[1];
  return `error contains "${named}"`;
}

type Call = readonly [string, ...number[]];

/**
 * Spark's StateMap keeps a copy's changes apart from the map that it was made from; our store keeps a batch's changes
 * apart from what had committed. The copied-from map is what a roll-back leads to: then the changes are made again.
 */
function stateMap(vector: Vector): Verdict {
  const store = new MemoryStateStore<number, number>('test');
  const map = store.partition(0, 1);
  store.begin(0);
  let since: Call[] = [];
  let copies = 0;
  const entry = (key: number): unknown[] => {
    const found = map.get(key);
    return found === undefined ? [] : [[key, found.state, found.updated]];
  };
  const all = (): unknown[] => [...map.entries()].map(([key, { state, updated }]) => [key, state, updated]);
  const run = (call: Call): unknown[] => {
    const [name, key = 0, state = 0, time = 0] = call;
    if (name === 'put') map.set(key, state, time);
    if (name === 'remove') map.delete(key);
    if (name === 'get') return [map.get(key)?.state ?? null];
    if (name === 'getByTime') return map.updatedBefore(key).flatMap(entry);
    if (name === 'getAll') return all();
    return [];
  };
  const rows = (vector.input as unknown as readonly Call[]).map((call) => {
    if (call[0] === 'copy') {
      store.commit(copies);
      store.begin(++copies);
      since = [];
      return [];
    }
    if (call[0] === 'parent.getAll') {
      store.rollback(copies);
      const before = all();
      store.begin(copies);
      for (const again of since) run(again);
      return before;
    }
    since.push(call);
    return run(call);
  });
  return verdict(vector.compare, vector.expected, rows);
}

/** The kinds of this file by their operation. */
export const INPUTS: Readonly<Record<string, (vector: Vector) => Verdict | Promise<Verdict>>> = {
  fileStream,
  binaryRecordsStream: binaryRecords,
  socketTextStream: socketText,
  'inputStream.ids': streamIds,
  'context.await': awaiting,
  StateMap: stateMap,
};
