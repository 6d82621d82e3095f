/**
 * Before the first batch: plans without data go to the cluster and back. The first of them starts workers on the executors, and the job is
 * built there: what is wrong with that is told now, and the first batch does not wait for it while peers wait for their answer. Those after
 * it tell how long the way takes, and so which intervals make sense.
 */
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { every, monotonicMs, timeoutSignal } from '../../core/machine.ts';
import { rowsOf } from './arrow.ts';
import type { Relation } from './connect/client.ts';
import { planOf } from './plan.ts';
import { ASKS, END, endsOf, type Row } from './rows.ts';
import type { Cut, StagePartition } from './stages.ts';
import type { TaskEnd } from './work.ts';

/** Spark gives each free core its part of so many rows. */
const ROWS = 256;
const WAITING_MS = 20_000;
/** Where no executor has a free core a plan waits for one; not longer than this, in ms. */
const LONGEST_MS = 5 * 60_000;
/** The way is gone for as long as Spark's own code gets warmer, which is when it is faster by a tenth; not for longer than this, in ms. */
const MEASURING_MS = 1000;
const WARMER = 0.9;
const LEAST_TURNS = 2;
/** The way of a batch is to fit into this part of the interval (docs/cluster-model.md), or two of them into twice of it. */
const PART_OF_INTERVAL = 0.7;
const ROUND_MS = 50;

/** What is measured, and for whom. */
export interface WarmUp {
  /** Of the driver's graph: executors must build the same. */
  readonly graph: string;
  /** How a worker is started. */
  readonly command: () => Promise<string>;
  /** Runs a plan. */
  readonly run: ClusterRun;
  /** Looks at the ends of tasks. @throws what they failed with */
  readonly look: (ends: readonly TaskEnd[]) => void;
  /** Whether two batches are on their way at the same time. */
  readonly overlaps: boolean;
  /** The job's, in ms. */
  readonly batchMs: number;
  readonly log: Logger;
}

/** Runs a plan, until a signal aborts. */
export type ClusterRun = (plan: Relation, signal?: AbortSignal) => Promise<Uint8Array[]>;

/** Warms a cluster up. @throws StreamjobError CONNECT_FAILED, SPARK_FAILED, GRAPH_DIFFERS; what the job throws when it is built on an executor */
export async function warmUp(parts: WarmUp): Promise<void> {
  const { batchMs, log, overlaps } = parts;
  await firstTurn(parts);
  const began = monotonicMs();
  let wayMs = Number.POSITIVE_INFINITY;
  for (let turns = 0, isWarmer = true; turns < LEAST_TURNS || isWarmer; turns++) {
    const took = await turn(parts);
    isWarmer = took < wayMs * WARMER && monotonicMs() - began < MEASURING_MS;
    wayMs = Math.min(wayMs, took);
  }
  const sensibleMs = Math.ceil(wayMs / PART_OF_INTERVAL / (overlaps ? 2 : 1) / ROUND_MS) * ROUND_MS;
  const said = `a batch without data takes ${Math.round(wayMs)} ms to the cluster and back`;
  const figures = { wayMs: Math.round(wayMs), sensibleMs, batchMs };
  if (batchMs >= sensibleMs) log.info(figures, `${said}: intervals of ${sensibleMs} ms and more make sense here`);
  else {
    log.warn(
      figures,
      `${said}: batches of ${batchMs} ms will wait for each other; the smallest batchInterval that makes sense here is ${sensibleMs} ms`,
    );
  }
}

/** Starts workers where there are none: some seconds on a cold cluster, or as long as all its cores are busy. */
async function firstTurn(parts: WarmUp): Promise<void> {
  const began = monotonicMs();
  const say = (): void => {
    const seconds = Math.round((monotonicMs() - began) / 1000);
    parts.log.warn(
      { seconds },
      `the cluster has run no task of this job for ${seconds} s: see that it has executors with a free core`,
    );
  };
  const saying = every(WAITING_MS, say, false);
  const limit = timeoutSignal(LONGEST_MS);
  try {
    await turn(parts, limit.signal);
  } catch (error) {
    if (!limit.signal.aborted) throw withoutNode(error) ?? error;
    throw new StreamjobError('SPARK_FAILED', `no executor has run a task within ${LONGEST_MS / 60_000} minutes`, {
      where: 'master',
      hint: 'see that the cluster has executors with a free core for this application; then start the job again',
      cause: error,
    });
  } finally {
    saying();
    limit.end();
  }
}

/** What is wrong where a shell of an executor says so. */
function withoutNode(error: unknown): StreamjobError | undefined {
  if (!(error instanceof StreamjobError) || !/\bnode: (?:command )?not found/.test(error.message)) return undefined;
  return new StreamjobError('SPARK_FAILED', 'the executors have no Node.js on their path', {
    where: error.where ?? 'master',
    hint: 'bring it there: --ship-node; or install Node.js 20.19 or later on the hosts of the cluster',
    cause: error,
  });
}

/** One way there and back. @returns how long it took, in ms */
async function turn({ command, graph, look, run }: WarmUp, signal?: AbortSignal): Promise<number> {
  const began = monotonicMs();
  // Workers hand on what is for the driver.
  const rows = Array.from({ length: ROWS }, (): Row => ({ slot: END, tag: ASKS, data: graph }));
  const plan = planOf({ cut: WAY, command: await command(), given: () => rows });
  const ends = endsOf(rowsOf(await run(plan, signal)));
  look(ends);
  return monotonicMs() - began;
}

function partition(kind: 'leaf' | 'exchange'): StagePartition {
  return { origin: kind === 'leaf' ? { kind, leaf: 0, partition: 0 } : { kind, exchange: 0, partition: 0 }, way: [] };
}

/** Two stages with a shuffle between them, as most batches have. */
const WAY: Cut = {
  stages: [
    { number: 0, into: 0, partitions: [partition('leaf')] },
    { number: 1, into: undefined, partitions: [partition('exchange')] },
  ],
  leaves: [],
  exchanges: [],
};
