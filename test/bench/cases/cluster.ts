/** Case f: the word count on a real Spark cluster, beside Spark's own SQL on the same executors. */
import path from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { SparkSession, sql } from '../../../src/engine/spark/connect/client.ts';
import type { Case } from '../kit/case.ts';
import { ClusterEngine } from '../kit/cluster-engine.ts';
import { digits } from '../kit/format.ts';
import { HandCount } from '../kit/hand-count.ts';
import { type BatchCost, measured, type OnCluster, onCluster } from '../kit/on-cluster.ts';
import type { Row } from '../kit/results.ts';
import { NotRun } from '../kit/side.ts';
import { sum } from '../kit/stats.ts';
import { inTurn, middle, type Outcome } from '../kit/turns.ts';
import { type StoredWords, storeWords, type Words } from '../kit/words.ts';
import { row } from './rows.ts';

const WORDS: Words = { lines: 400_000, wordsPerLine: 10, vocabulary: 10_000, files: 8 };
const BATCHES = { warmup: 10, batches: 21 };
/** Of the batches of one, so many have run while the machine did nothing else: the fastest ones. */
const UNDISTURBED = 5;
/**
 * A JVM compiles what it runs often, and needs CPU for that: of a cold one a third of a batch is the compiler's, and behind 250 batches it
 * still takes 70 CPU ms of each; behind 1200, as many as a job with an interval of one second has in 20 minutes, 13. What Spark does for each
 * batch, however small, is made warm by many small ones first.
 */
const SMALL: Words = { lines: 2000, wordsPerLine: 10, vocabulary: 1000, files: 8 };
const SMALL_BATCHES = 200;
const PARTITIONS = 2;
/** Of the flow, where order allows it: batchesInFlight. */
const IN_FLIGHT = 2;
/** So many are measured as one: what the first one does alone at its begin, and the last one at its end, is a batch's latency. */
const OVERLAPPED = 6;
/** Two workers leave one of two cores to what does not run on them: drivers, Connect servers, masters. */
const CORES_APART = 0.5;

/** Who counts: ours, one batch after the other; ours with two on their way at a time; Spark's SQL; a loop by hand, in as many processes as there are workers. */
type Counter = 'ours' | 'overlapped' | 'spark' | 'byHand';

/** What a batch of each has cost, one after the other. */
type Batches = Partial<Record<Counter, BatchCost>>;

function requireAll(who: string, expected: number, counts: readonly number[]): void {
  const words = sum(counts);
  if (words !== expected) throw new NotRun(`${who} has counted ${words} words`);
}

async function ours(engine: ClusterEngine, { blocks, words }: StoredWords): Promise<void> {
  const counts = await engine.batch<readonly [string, number]>(blocks);
  requireAll(
    'streamjob',
    words,
    counts.map(([, count]) => count),
  );
}

async function oursOverlapped(engine: ClusterEngine, { blocks, words }: StoredWords): Promise<void> {
  for (const counts of await engine.batches<readonly [string, number]>(OVERLAPPED, blocks, IN_FLIGHT)) {
    requireAll(
      'streamjob',
      words,
      counts.map(([, count]) => count),
    );
  }
}

async function sparkSql(session: SparkSession, { text, words: expected }: StoredWords): Promise<void> {
  const words = `SELECT explode(split(value, ' ')) AS word FROM text.\`${text}\``;
  const answer = await session.run(sql(`SELECT word, count(*) AS count FROM (${words}) GROUP BY word`));
  const counts = answer.flatMap((bytes) =>
    tableFromIPC(bytes)
      .toArray()
      .map((pair: { readonly word: string; readonly count: bigint }) => [pair.word, Number(pair.count)] as const),
  );
  requireAll(
    'Spark',
    expected,
    counts.map(([, count]) => count),
  );
}

/** A cluster, warm, with those who count on it. */
interface Warm {
  readonly on: OnCluster;
  readonly counters: readonly (readonly [Counter, () => Promise<void>])[];
  readonly close: () => Promise<void>;
}

async function warm(on: OnCluster, workers: number, withLoop: boolean): Promise<Warm> {
  const [small, all] = [SMALL, WORDS].map((words, i) => storeWords(path.join(on.directory, `words-${i}`), words));
  if (small === undefined || all === undefined) throw new Error('two sizes, two batches');
  const { master } = on.cluster;
  const engine = await ClusterEngine.open({ job: 'words', master, numPartitions: PARTITIONS, storage: on.directory });
  const session = new SparkSession(master);
  const countersOf = (words: StoredWords): Warm['counters'] => [
    ['ours', () => ours(engine, words)],
    ['spark', () => sparkSql(session, words)],
    ['overlapped', () => oursOverlapped(engine, words)],
  ];
  for (let batch = 0; batch < SMALL_BATCHES; batch++) for (const [, count] of countersOf(small)) await count();
  const hand = withLoop ? new HandCount(all) : undefined;
  return {
    on,
    counters: [...countersOf(all), ...(hand === undefined ? [] : [['byHand', () => hand.count(workers)] as const])],
    close: async () => {
      hand?.close();
      await engine.close();
      await session.close();
    },
  };
}

/** Clusters of one and of two workers. */
interface Round {
  readonly one: Batches;
  readonly two: Batches;
}

/** Both clusters are there, and batches go to them in turn: the one without a batch has nothing to do. */
function rounds(cores: number | undefined): Promise<Round[]> {
  const settings = { 'spark.sql.shuffle.partitions': String(PARTITIONS) };
  return onCluster({ workers: 1, cores, settings }, (first) =>
    onCluster({ workers: 2, cores, settings }, async (second) => {
      const [one, two] = await Promise.all([warm(first, 1, cores === undefined), warm(second, 2, cores === undefined)]);
      const sides = [one, two].flatMap(({ counters, on }) => counters.map(([, batch]) => ({ on, batch })));
      const costs = await measured(BATCHES, sides);
      for (const { close } of [one, two]) await close();
      const batches = ({ counters }: Warm, from: number, round: number): Batches =>
        Object.fromEntries(counters.map(([counter], i) => [counter, eachOf(counter, costs[from + i]?.[round])]));
      return Array.from({ length: BATCHES.batches }, (_, round) => ({
        one: batches(one, 0, round),
        two: batches(two, one.counters.length, round),
      }));
    }),
  );
}

/** What was measured as one is cut into its batches. */
function eachOf(counter: Counter, cost: BatchCost | undefined): BatchCost | undefined {
  if (cost === undefined || counter !== 'overlapped') return cost;
  return { ms: cost.ms / OVERLAPPED, cpuMs: cost.cpuMs / OVERLAPPED };
}

/** One of those on a cluster. */
function sideOf(outcome: Outcome<Batches>, side: Counter): Outcome<BatchCost> {
  return { ...outcome, turns: outcome.turns.map((turn) => turn?.[side]) };
}

/** The fastest batches, whenever they were. Who else is on this machine's host takes from batches, in some minutes half, and gives to none. */
function undisturbed({ turns, ...outcome }: Outcome<BatchCost>): Outcome<BatchCost> {
  const costs = turns.filter((cost) => cost !== undefined).sort((a, b) => a.ms - b.ms);
  return { ...outcome, turns: costs.slice(0, UNDISTURBED) };
}

const perSecond = ({ ms }: BatchCost): number => (WORDS.lines / ms) * 1000;
const show = (figure: number): string => `${digits(figure)} events/s`;

/** How much of the machine there is for whom. */
interface Setting {
  readonly id: string;
  /** Of each worker with its executor; undefined: what there is. */
  readonly cores: number | undefined;
  readonly title: string;
  /** The same, behind "a Spark cluster" in the lines of results. */
  readonly short: string;
  readonly told: string;
}

const caseOf = ({ id, cores, short, title, told }: Setting): Case => ({
  id,
  group: 'f',
  needs: ['cluster'],
  async run({ pairs }) {
    const [outcome] = await inTurn(pairs, [{ name: 'one and two workers', run: () => rounds(cores) }]);
    if (outcome === undefined) throw new Error('a contestant, an outcome');
    // Each round is compared by itself.
    const all = outcome.turns.flatMap((of) => of ?? []);
    const one = { ...outcome, name: '1 worker', turns: all.map((round) => round.one) };
    const two = { ...outcome, name: '2 workers', turns: all.map((round) => round.two) };
    const compared = (what: string, target: number, over: Outcome<BatchCost>, under: Outcome<BatchCost>): Row[] => {
      const common = { target, sense: 'at least', ours: 'over', figure: perSecond, show } as const;
      const fastest = { over: undisturbed(over), under: undisturbed(under) };
      return [
        row({ what, over, under, ...common }),
        row({ what: `${what}; the fastest ${UNDISTURBED} of each`, ...fastest, ...common }),
      ];
    };
    const beside = (outcome: Outcome<Batches>): Row[] => {
      const what = `word count on a Spark cluster${short}, ${outcome.name}, events/s: ours over Spark SQL`;
      const [ours, spark] = [sideOf(outcome, 'ours'), sideOf(outcome, 'spark')];
      const together = `${what}, two batches of ours on their way at a time, as the flow has them`;
      return [
        ...compared(together, 0.8, sideOf(outcome, 'overlapped'), spark),
        ...compared(what, 0.8, ours, spark),
        row({
          what: `the same, CPU of a batch, drivers and Connect server included: Spark SQL over ours`,
          ...{ over: spark, under: ours, target: 0.8, sense: 'at least', figure: (cost: BatchCost) => cost.cpuMs },
          show: (ms) => `${digits(ms)} CPU ms`,
        }),
      ];
    };
    const growth = (side: Counter, name: string): Row[] => {
      const what = `word count on a Spark cluster${short}, ${name}: two workers over one, events/s`;
      return compared(what, 1.7, sideOf(two, side), sideOf(one, side));
    };
    const line = (outcome: Outcome<Batches>, side: Counter, name: string): string[] => {
      const at = sideOf(outcome, side);
      const [ms, cpuMs] = [middle(at, (cost) => cost.ms), middle(at, (cost) => cost.cpuMs)];
      return [
        name,
        outcome.name,
        digits((WORDS.lines / ms) * 1000),
        digits(ms),
        digits(middle(undisturbed(at), (cost) => cost.ms)),
        digits(cpuMs),
      ];
    };
    const rows = [
      ...beside(two),
      ...beside(one),
      ...growth('overlapped', 'streamjob with two batches on their way'),
      ...growth('ours', 'streamjob with one'),
      ...growth('spark', 'Spark SQL, to compare'),
      ...(cores === undefined
        ? growth('byHand', 'a hand-written loop in as many processes, to compare: what the machine gives')
        : []),
    ];
    return {
      title,
      method: `Two standalone clusters on this machine, one with a worker and one with two: a Connect server each; batches of ${WORDS.lines.toLocaleString('en-US')} events of ${WORDS.wordsPerLine} words out of ${WORDS.vocabulary.toLocaleString('en-US')}, of which the n-th is 1/n as frequent as the first, in ${WORDS.files} blocks on a storage that executors read. Spark SQL counts the same lines out of ${WORDS.files} text files: \`SELECT word, count(*) … explode(split(value, ' ')) … GROUP BY word\`, through the same client; both bring all counts to the driver. ${SMALL_BATCHES * (2 + OVERLAPPED)} batches of ${SMALL.lines.toLocaleString('en-US')} events and ${BATCHES.warmup * (2 + OVERLAPPED)} whole ones first, then ${BATCHES.batches} rounds, in each of which both clusters have one batch of each, one after the other (of two batches on their way, ${OVERLAPPED}): a ratio is the median of those of the rounds. Who else is on the host of this machine takes from batches, in some minutes half of their speed, and gives to none: the fastest ${UNDISTURBED} of each, whenever they were, are compared too. ${told}`,
      rows,
      tables: [
        {
          title: '',
          columns: ['', '', 'events/s', 'ms of a batch', `ms of the fastest ${UNDISTURBED}`, 'CPU ms of a batch'],
          lines: [one, two].flatMap((outcome) => [
            line(outcome, 'overlapped', 'streamjob, two batches on their way'),
            line(outcome, 'ours', 'streamjob'),
            line(outcome, 'spark', 'Spark SQL'),
            ...(cores === undefined ? [line(outcome, 'byHand', 'a hand-written loop, in as many processes')] : []),
          ]),
        },
      ],
    };
  },
});

export const cluster: Case = caseOf({
  id: 'cluster',
  cores: undefined,
  title: 'Word count on a Spark cluster',
  short: '',
  told: 'The hand-written loop has the lines in memory. Workers have a core each; drivers, the Connect server and the executors share the cores of the machine.',
});

/** As on a real cluster, where the driver and the Connect server have a machine of their own. */
export const clusterApart: Case = caseOf({
  id: 'cluster-apart',
  cores: CORES_APART,
  title: 'Word count on a Spark cluster whose workers leave the driver its own',
  short: ` with ${CORES_APART} of a core for each worker`,
  told: `Each worker with its executor, and all that runs on it, has ${CORES_APART} of a core (a control group of Linux): what is left of the machine is the drivers' and the Connect server's, which have machines of their own on a cluster.`,
});
