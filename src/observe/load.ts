/**
 * What each operator and output of a job is occupied with, from the spans of batches: busy (its stage runs), back-pressured (its stage is
 * done, and what comes after it keeps the next batch waiting) or idle. Operators that are fused into one stage have its time in common.
 * Pure: it works on what the history keeps.
 */
import type { Span } from '../core/telemetry.ts';
import { type BatchRecord, processingTimeOf } from './batch-record.ts';
import type { ObservedOperator, ObservedOutput } from './observed.ts';

/** Shares of the time that was looked at; together they are 1. */
export interface Shares {
  readonly busy: number;
  readonly backPressured: number;
  readonly idle: number;
}

/** What an operator did. */
export interface OperatorLoad extends Shares {
  readonly id: number;
  /** The operator that its stage ends with; undefined: no stage runs it. */
  readonly stage: number | undefined;
  /** How long its stage ran, in ms. */
  readonly stageMs: number;
  /** How many values it gave; undefined: that was not counted. */
  readonly gave: number | undefined;
  /** Since when that was counted, in ms since the epoch: counting may have begun in the time that is looked at. */
  readonly gaveFrom: number | undefined;
}

/** What an output did. */
export interface OutputLoad extends Shares {
  readonly id: string;
  /** In ms. */
  readonly runMs: number;
  /** How many values its operator gave it; undefined: that was not counted. */
  readonly took: number | undefined;
  /** As `gaveFrom` of the operator. */
  readonly tookFrom: number | undefined;
}

/** What a job did in a while. */
export interface Load {
  /** ms since the epoch */
  readonly from: number;
  readonly to: number;
  readonly batches: number;
  readonly events: number;
  readonly operators: readonly OperatorLoad[];
  readonly outputs: readonly OutputLoad[];
}

/** What is looked at. */
export interface LoadInput {
  readonly operators: readonly ObservedOperator[];
  readonly outputs: readonly ObservedOutput[];
  /** Those that are over and were run in the time, oldest first. */
  readonly batches: readonly BatchRecord[];
  /** ms since the epoch */
  readonly from: number;
  readonly to: number;
}

/** The operator with which the stage of each operator ends: values of it are kept, or those of the only one that reads it. */
export function stagesOf(operators: readonly ObservedOperator[]): ReadonlyMap<number, number> {
  const readers = new Map<number, ObservedOperator>();
  for (const operator of operators)
    for (const parent of operator.parents) if (!readers.has(parent)) readers.set(parent, operator);
  const stages = new Map<number, number>();
  // Who reads comes after what it reads.
  for (const operator of operators.toReversed()) {
    const reader = readers.get(operator.id);
    const stage = operator.isKept ? operator.id : reader && stages.get(reader.id);
    if (stage !== undefined) stages.set(operator.id, stage);
  }
  return stages;
}

/** Works it out. */
export function loadOf({ batches, from, operators, outputs, to }: LoadInput): Load {
  const names = new Map(operators.map(({ id, name }) => [id, name]));
  const stageSums = new Map<number, Sums>();
  const outputSums = new Map<string, Sums>();
  const gave = new Map<number, Gave>();
  for (const [at, batch] of batches.entries()) {
    const heldUpMs = heldUpBy(batch, batches[at + 1]);
    let afterMs = batch.spans.reduce((sum, { durationMs }) => sum + durationMs, 0);
    for (const span of batch.spans) {
      afterMs -= span.durationMs;
      const blockedMs = Math.min(Math.max(0, afterMs), heldUpMs);
      const node = nodeOf(span, names);
      if (node !== undefined) add(stageSums, node, span.durationMs, blockedMs);
      if (span.name === 'output') add(outputSums, span.labels['output'] ?? '', span.durationMs, blockedMs);
    }
    for (const [node, more] of gaveIn(batch, operators, names)) {
      // What is counted in the first batch is counted since the begin of the time.
      const first = at === 0 ? from : (batch.startedAt ?? batch.time);
      const { since = first, values = 0 } = gave.get(node) ?? {};
      gave.set(node, { since, values: values + more });
    }
  }
  const windowMs = Math.max(1, to - from);
  const stages = stagesOf(operators);
  return {
    ...{ from, to, batches: batches.length },
    events: batches.reduce((sum, { events }) => sum + events, 0),
    operators: operators.map(({ id }) => {
      const stage = stages.get(id);
      const sums = stage === undefined ? undefined : stageSums.get(stage);
      const { since: gaveFrom, values } = gave.get(id) ?? {};
      return { id, stage, stageMs: sums?.runMs ?? 0, gave: values, gaveFrom, ...sharesOf(sums, windowMs) };
    }),
    outputs: outputs.map(({ id, operator }) => {
      const sums = outputSums.get(id);
      const { since: tookFrom, values: took } = gave.get(operator) ?? {};
      return { id, runMs: sums?.runMs ?? 0, took, tookFrom, ...sharesOf(sums, windowMs) };
    }),
  };
}

interface Gave {
  readonly since: number;
  readonly values: number;
}

interface Sums {
  runMs: number;
  blockedMs: number;
}

function add<K>(sums: Map<K, Sums>, key: K, runMs: number, blockedMs: number): void {
  const sum = sums.get(key) ?? { runMs: 0, blockedMs: 0 };
  sum.runMs += runMs;
  sum.blockedMs += blockedMs;
  sums.set(key, sum);
}

function sharesOf(sums: Sums | undefined, windowMs: number): Shares {
  const busy = Math.min(1, (sums?.runMs ?? 0) / windowMs);
  const backPressured = Math.min(1 - busy, (sums?.blockedMs ?? 0) / windowMs);
  return { busy, backPressured, idle: Math.max(0, 1 - busy - backPressured) };
}

/** How long the next batch waited while this one ran, in ms: up to the end of this one. */
function heldUpBy({ endedAt, startedAt }: BatchRecord, next: BatchRecord | undefined): number {
  if (next === undefined || startedAt === undefined || endedAt === undefined) return 0;
  return Math.max(0, endedAt - Math.max(startedAt, next.time));
}

/** The operator that a stage ends with. Batches of a former run may be of another graph: then a number has another name. */
export function nodeOf({ labels, name }: Span, names: ReadonlyMap<number, string>): number | undefined {
  if (name !== 'stage' || labels['node'] === undefined) return undefined;
  const node = Number(labels['node']);
  return names.get(node) === labels['operator'] ? node : undefined;
}

/** How many values operators gave in a batch: inputs what came in, others as far as it was counted. */
function gaveIn(
  { inputs, spans }: BatchRecord,
  operators: readonly ObservedOperator[],
  names: ReadonlyMap<number, string>,
): Map<number, number> {
  const gave = new Map<number, number>();
  for (const { id, input } of operators) {
    const own = input === undefined ? undefined : inputs.find((one) => one.id === input);
    if (own !== undefined) gave.set(id, own.events);
  }
  for (const span of spans) {
    if (nodeOf(span, names) === undefined) continue;
    for (const [node, values] of span.gave ?? []) gave.set(node, values);
  }
  return gave;
}

/** Of one batch: as long as it ran, and no less than its interval. */
export function windowOf(batch: BatchRecord, batchIntervalMs: number): { readonly from: number; readonly to: number } {
  const from = batch.startedAt ?? batch.time;
  return { from, to: from + Math.max(processingTimeOf(batch) ?? 0, batchIntervalMs, 1) };
}
