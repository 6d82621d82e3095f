/**
 * Runs files of conformance vectors: `npm run test:vectors -- [FILE ...]`. A line per vector that fails, with expected and
 * actual; then 'N passed, N failed, N skipped'; exit 1 when any failed.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FLUME } from './flume.ts';
import { INPUTS } from './inputs.ts';
import { checkPipeline } from './pipeline.ts';
import { RATES } from './rates.ts';
import { checkRdd, checkSlices } from './rdd.ts';
import { RECEIVERS } from './receivers.ts';
import { DIFFERENT, RECOVERY } from './recovery.ts';
import { TABLES } from './tables.ts';
import type { Vector, Verdict } from './vector.ts';

/** Kinds that belong to parts of the product that do not exist yet, by how their operation begins. */
const LATER: readonly (readonly [string, string])[] = [
  ...['listener.', 'progressListener', 'ui.', 'UI.'].map((kind) => [kind, 'web UI'] as const),
];

/** Whether a vector is no more than a pipeline: those are run on other engines, too. */
export function isOfPipeline({ id, operation, params }: Vector): boolean {
  const isOther = laterOf(operation) ?? DIFFERENT[id] ?? tableOf(operation) ?? params.fn;
  return params.pipeline !== undefined && isOther === undefined;
}

const laterOf = (operation: string) => LATER.find(([kind]) => operation.startsWith(kind));

const tableOf = (operation: string) =>
  [TABLES, INPUTS, RATES, RECEIVERS, FLUME, RECOVERY].map((each) => each[operation]).find((each) => each);

/** Runs one vector. */
export async function check(vector: Vector): Promise<Verdict> {
  const { operation, params } = vector;
  const later = laterOf(operation);
  if (later !== undefined) return { result: 'skipped', why: `${operation}: ${later[1]}` };
  const differs = DIFFERENT[vector.id];
  if (differs !== undefined) return { result: 'skipped', why: `${operation}: ${differs}` };
  const table = tableOf(operation);
  if (table !== undefined) return table(vector);
  if (operation === 'rdd.parallelize.slice') return checkSlices(vector);
  if (operation.startsWith('rdd.') && params.fn !== undefined) return checkRdd(vector);
  if (params.pipeline !== undefined) return checkPipeline(vector);
  return { result: 'skipped', why: `${operation}: this kind cannot be executed` };
}

/** Runs the vectors of a file. */
export async function runFile(file: string): Promise<{ passed: number; failed: string[]; skipped: string[] }> {
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
  const result = { passed: 0, failed: [] as string[], skipped: [] as string[] };
  for (const vector of vectors) {
    let outcome: Verdict;
    try {
      outcome = await check(vector);
    } catch (error) {
      outcome = {
        result: 'failed',
        expected: vector.expected,
        actual: error instanceof Error ? (error.stack ?? error.message) : error,
      };
    }
    if (outcome.result === 'passed') result.passed++;
    else if (outcome.result === 'skipped') result.skipped.push(outcome.why);
    else
      result.failed.push(
        `${vector.id}: expected ${JSON.stringify(outcome.expected)}, actual ${JSON.stringify(outcome.actual)}`,
      );
  }
  return result;
}

async function main(files: readonly string[]): Promise<void> {
  const total = { passed: 0, failed: 0, skipped: new Map<string, number>() };
  for (const file of files) {
    const { passed, failed, skipped } = await runFile(file);
    for (const line of failed) console.log(`FAILED ${line}`);
    total.passed += passed;
    total.failed += failed.length;
    for (const why of skipped) total.skipped.set(why, (total.skipped.get(why) ?? 0) + 1);
  }
  for (const [why, count] of total.skipped) console.log(`skipped ${count} of ${why}`);
  const skipped = [...total.skipped.values()].reduce((a, b) => a + b, 0);
  console.log(`${total.passed} passed, ${total.failed} failed, ${skipped} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.slice(2);
  await main(files.length > 0 ? files : [fileURLToPath(new URL('dstream.json', import.meta.url))]);
}
