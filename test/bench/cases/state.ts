/** Case d: windows and states over many keys; what a batch costs when few of them change. */
import { type Case, withDirectory } from '../kit/case.ts';
import { digits, megabytes } from '../kit/format.ts';
import { startOurs } from '../kit/ours.ts';
import type { Row } from '../kit/results.ts';
import { NotRun, type Side } from '../kit/side.ts';
import { startSpark } from '../kit/spark.ts';
import { median } from '../kit/stats.ts';
import { type Contestant, inTurn, middle, type Outcome } from '../kit/turns.ts';
import { row } from './rows.ts';

/** Batches of a window. */
const WINDOW = 60;
/** Batches before the first one that is measured: the window is full, and the batch of all keys has left it. */
const FILLED = WINDOW + 5;
const MEASURED = 20;
/** Where two sizes are compared: a collection of all garbage, now and then, must not fall into one of them by chance. */
const COMPARED = 60;
/** As short as possible, so that batches run back to back: what one costs does not depend on it. */
const INTERVAL_MS = 50;
/** For all batches of a run; then what there is counts, and is marked. */
const BUDGET_MS = 30_000;
const SIZES = [1000, 100_000, 1_000_000];
const JOBS = { window: 'reduceByKeyAndWindow', inverse: 'reduceByKeyAndWindow with inverse', state: 'mapWithState' };
type JobName = keyof typeof JOBS;

interface Keyed {
  readonly job: JobName;
  readonly keys: number;
  readonly changed: number;
  /** Batches that are measured. Default: as many as there is time for beside Spark. */
  readonly measured?: number;
}

/** What a batch cost, as medians of the last batches. */
interface Cost {
  readonly ms: number;
  readonly cpuMs: number;
  readonly peakBytes: number;
  /** Of so many batches; fewer than the window has when the time ran out. */
  readonly batches: number;
}

function startKeyed({ job, keys, changed, measured = MEASURED }: Keyed, checkpoint: boolean, directory: string): Side {
  const settings = {
    KEYED: job,
    KEYS: keys,
    CHANGED: changed,
    WINDOW,
    INTERVAL: INTERVAL_MS,
    BATCHES: FILLED + measured,
  };
  return startOurs({
    job: 'keyed.ts',
    name: 'streamjob',
    flags: ['--batch-interval', `${INTERVAL_MS}ms`, ...(checkpoint ? [] : ['--checkpoint-dir', 'none'])],
    env: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`BENCH_${name}`, String(value)])),
    directory,
  });
}

function startSparkKeyed({ job, keys, changed }: Keyed, directory: string): Side {
  const settings = { keys, changed, window: WINDOW, interval: INTERVAL_MS, batches: FILLED + MEASURED };
  return startSpark(job, { ...settings, checkpoint: directory }, directory);
}

async function cost(start: (directory: string) => Side, measured = MEASURED): Promise<Cost> {
  return withDirectory(async (directory) => {
    const side = start(directory);
    try {
      const first = await side.nextCommit({ empty: true });
      const begun = performance.now();
      let from = first;
      let to = first;
      for (let left = BUDGET_MS; to.batches < FILLED + measured && left > 0; ) {
        to = await side.nextCommit({ empty: true });
        left = BUDGET_MS - (performance.now() - begun);
        // The window is not full yet. When there is little time left, it is measured all the same.
        if (to.batches <= FILLED && left > BUDGET_MS / 3) from = to;
      }
      const batches = to.batches - from.batches;
      if (batches === 0) throw new NotRun(`no batch in ${BUDGET_MS / 3000} s`);
      return {
        ms: median(side.commits.slice(from.batches, to.batches).map(({ processingMs }) => processingMs)),
        cpuMs: ((to.cpuSeconds - from.cpuSeconds) / batches) * 1000,
        peakBytes: side.process.peakBytes(),
        batches: to.batches,
      };
    } finally {
      await side.process.kill();
    }
  });
}

function ours(keyed: Keyed, checkpoint: boolean): Contestant<Cost> {
  const name = `streamjob, ${checkpoint ? 'checkpoint' : 'memory'}`;
  return { name, run: () => cost((directory) => startKeyed(keyed, checkpoint, directory), keyed.measured) };
}

function spark(keyed: Keyed): Contestant<Cost> {
  return { name: 'Spark', run: () => cost((directory) => startSparkKeyed(keyed, directory)) };
}

function line(job: JobName, keys: number, outcome: Outcome<Cost>): string[] {
  const at = (figure: (value: Cost) => number): number => middle(outcome, figure);
  const batches = at((value) => value.batches);
  return [
    JOBS[job],
    keys.toLocaleString('en-US'),
    outcome.name,
    digits(at(({ ms }) => ms)),
    digits(at(({ cpuMs }) => cpuMs)),
    megabytes(at(({ peakBytes }) => peakBytes)),
    batches >= FILLED + MEASURED ? 'full' : `batch ${digits(batches)}`,
    outcome.failures.join('; ').replaceAll('|', '/'),
  ];
}

/** Ten times the keys, as many of them changed: what a batch costs more. */
async function growth(pairs: number, job: JobName, checkpoint: boolean): Promise<Row> {
  const sized = (keys: number) => ({
    ...ours({ job, keys, changed: 10_000, measured: COMPARED }, checkpoint),
    name: `${keys} keys`,
  });
  const [large, small] = await inTurn(pairs, [sized(1_000_000), sized(100_000)]);
  if (large === undefined || small === undefined) throw new Error('two contestants, two outcomes');
  return row({
    what: `${JOBS[job]}, 10^4 keys changed per batch, ${checkpoint ? 'checkpoint on' : 'in memory'}: cost of a batch with 10^6 keys over 10^5 (beside it: 10^5)`,
    target: checkpoint ? 2 : 2.5,
    sense: 'at most',
    over: large,
    under: small,
    ours: 'over',
    figure: ({ cpuMs }) => cpuMs,
    show: (ms) => `${digits(ms)} CPU ms a batch`,
  });
}

export const state: Case = {
  id: 'state',
  group: 'd',
  needs: ['spark'],
  async run({ pairs }) {
    const rows: Row[] = [];
    for (const job of ['state', 'inverse'] as const) {
      for (const checkpoint of [false, true]) {
        process.stderr.write(`  ${JOBS[job]}, growth\n`);
        rows.push(await growth(pairs, job, checkpoint));
      }
    }
    const lines: string[][] = [];
    for (const job of Object.keys(JOBS) as JobName[]) {
      for (const keys of SIZES) {
        process.stderr.write(`  ${JOBS[job]}, ${keys} keys\n`);
        const keyed = { job, keys, changed: keys / 100 };
        // One turn: eighteen pairs of them take long enough, and each cost is a median over batches.
        const outcomes = await inTurn(1, [ours(keyed, false), ours(keyed, true), spark(keyed)]);
        lines.push(...outcomes.map((outcome) => line(job, keys, outcome)));
      }
    }
    return {
      title: 'Windows and states',
      method: `Each side feeds itself from a queue, so that sockets do not count: a first batch with every key, then batches with 1 % of them, going round; windows of ${WINDOW} batches that slide by one (60 s by 1 s at an interval of ${INTERVAL_MS} ms instead of 1 s), and the output counts what comes out. The last ${MEASURED} of ${FILLED + MEASURED} batches are measured, or the last of those that came in ${BUDGET_MS / 1000} s; ${COMPARED} of them where two sizes are compared. Spark needs its checkpoint directory for the latter two. One turn of each but for the rows above.`,
      rows,
      tables: [
        {
          title: '',
          columns: [
            '',
            'keys',
            '',
            'processing of a batch, ms',
            'CPU of a batch, ms',
            'peak memory',
            'window',
            'failures',
          ],
          lines,
        },
      ],
    };
  },
};
