/** Graphs for the tests of the threads engine; what they do in which thread is said by `data`. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import type { NumberAccumulator } from '../../../src/graph/shared.ts';

/** Plain data: which graph, and a file that says whether something has happened already. */
export interface CrewData {
  readonly graph: keyof typeof graphs;
  readonly marker?: string;
  /** No accumulator counts the values. */
  readonly uncounted?: boolean;
  /** What building does in a worker that it does not do in the main thread. */
  readonly inWorker?: 'throws' | 'rejects' | 'listens' | 'loops';
  /** The port that the main thread listens on. */
  readonly port?: number;
}

/** What a graph gives a test. */
export interface Built {
  readonly push: (values: readonly string[]) => void;
  readonly accumulator?: NumberAccumulator;
}

type Take = (values: unknown[]) => void;
type Words = DStream<string>;

/** True once, in whichever thread comes first. */
function once(marker: string | undefined): boolean {
  if (marker === undefined || existsSync(marker)) return false;
  writeFileSync(marker, '');
  return true;
}

const count = (words: Words) => words.map((word) => [word, 1] as const);
const total = (values: readonly number[], sum: number | undefined): number => values.length + (sum ?? 0);

class Instance {
  readonly n = 1;
}

const graphs = {
  /** A worker ends when it meets the word `exit`, once. */
  exits: (words: Words, { marker }: CrewData) =>
    count(
      words.map((word) => {
        if (word === 'exit' && once(marker)) process.exit(7);
        return word;
      }),
    ).updateStateByKey(total),
  /** The same without state. */
  exitsStateless: (words: Words, { marker }: CrewData) =>
    count(
      words.map((word) => {
        if (word === 'exit' && once(marker)) process.exit(7);
        return word;
      }),
    ).reduceByKey((a, b) => a + b),
  differs: (words: Words) => (isMainThread ? words.map((word) => word) : words.filter(() => true)),
  instances: (words: Words) => words.map((word) => [word, new Instance()] as const).groupByKey(),
  actions: (words: Words) =>
    words.transform((rdd) => {
      void rdd.count();
      return rdd;
    }),
  poison: (words: Words) =>
    words.map((word) => {
      if (word.startsWith('bad')) throw new Error(`no ${word}`);
      return word;
    }),
  window: (words: Words) =>
    count(words).reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      3000,
    ),
  plainWindow: (words: Words) => count(words.window(3000)).reduceByKey((a, b) => a + b),
  state: (words: Words) => count(words).updateStateByKey(total),
  /** The word `loop` is never done with. */
  loops: (words: Words, { marker }: CrewData) =>
    count(
      words.map((word) => {
        if (word === 'loop') {
          once(marker);
          for (;;);
        }
        return word;
      }),
    ).reduceByKey((a, b) => a + b),
};

/** @param take gets each batch's values @param hold what an output waits for before it reads anything */
export function buildCrew(ssc: StreamingContext, data: CrewData, take: Take, hold?: () => Promise<void>): Built {
  const { stream, push } = ssc.valuesStream<string>();
  // With one, no batch runs ahead of the one before.
  const accumulator = data.uncounted === true ? undefined : ssc.accumulator();
  const counted = stream.map((word) => {
    accumulator?.add(1);
    return word;
  });
  const graph = graphs[data.graph] as (words: Words, data: CrewData) => DStream<unknown>;
  graph(counted, data).foreachRDD(async (rdd) => {
    await hold?.();
    take(await rdd.collect());
  });
  return accumulator === undefined ? { push } : { push, accumulator };
}

/** As JobModule wants it. */
export default async function build(ssc: StreamingContext, given: unknown): Promise<void> {
  const data = given as CrewData;
  buildCrew(ssc, data, () => {});
  switch (data.inWorker) {
    case 'throws':
      throw new Error('the licence server says no');
    case 'rejects':
      await Promise.resolve();
      throw new Error('the licence server says no');
    case 'listens':
      createServer().listen(data.port, '127.0.0.1');
      break;
    case 'loops':
      once(data.marker);
      for (;;);
  }
}
