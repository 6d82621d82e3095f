/** A conformance vector, and how what came out is compared with what is expected. */
import { isDeepStrictEqual } from 'node:util';

export interface Step {
  readonly op: string;
  readonly fn?: string;
  readonly invFn?: string;
  readonly filterFn?: string;
  readonly createCombiner?: string;
  readonly mergeValue?: string;
  readonly mergeCombiner?: string;
  readonly windowMs?: number;
  readonly slideMs?: number;
  readonly timeoutMs?: number;
  readonly numPartitions?: number;
  readonly initial?: readonly (readonly [unknown, unknown])[];
  readonly other?: { readonly input: string; readonly pipeline: readonly Step[] };
  readonly others?: readonly { readonly input: string; readonly pipeline: readonly Step[] }[];
}

export interface Vector {
  readonly id: string;
  readonly suite: string;
  readonly name: string;
  readonly operation: string;
  readonly input: readonly (readonly unknown[] | null)[];
  readonly params: {
    readonly batchMs?: number;
    readonly numPartitions?: number;
    readonly numBatches?: number;
    readonly pipeline?: readonly Step[];
    readonly input2?: readonly (readonly unknown[] | null)[];
    readonly input3?: readonly (readonly unknown[] | null)[];
    readonly source?: string;
    readonly oneAtATime?: boolean;
    readonly fn?: string;
    readonly others?: readonly (readonly unknown[])[];
    readonly otherPartitions?: readonly number[];
    readonly slices?: readonly (readonly [number, number])[];
    readonly beforeStart?: boolean;
    readonly stateSnapshots?: readonly unknown[];
    readonly properties?: Readonly<Record<string, unknown>>;
    readonly expectPartitions?: number;
    readonly expectError?: {
      readonly at?: string;
      readonly batchIndex?: number;
      readonly type?: string;
      readonly contains?: string;
    };
    readonly [name: string]: unknown;
  };
  readonly expected: readonly unknown[];
  readonly compare: string;
}

/** What a run of a vector led to. */
export type Verdict =
  | { readonly result: 'passed' }
  | { readonly result: 'failed'; readonly expected: unknown; readonly actual: unknown }
  | { readonly result: 'skipped'; readonly why: string };

export const PASSED: Verdict = { result: 'passed' };

/** JSON's view of a value: undefined is null, as None is in the vectors; Maps and iterators are arrays. */
export function plain(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isNaN(value)) return null;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Map || value instanceof Set) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

/** Values in one order, whatever order they came in: the batch as a multiset. */
function asSet(batch: unknown): unknown {
  return Array.isArray(batch) ? batch.map((value) => JSON.stringify(value)).sort() : batch;
}

/** The lists of values of grouped pairs in one order: Spark promises none within a group. */
export function sortGroups(batches: readonly unknown[]): unknown[] {
  const text = (value: unknown): string => JSON.stringify(value);
  const sorted = (values: unknown): unknown =>
    Array.isArray(values) ? [...values].sort((a, b) => (text(a) < text(b) ? -1 : 1)) : values;
  return batches.map((batch) => (Array.isArray(batch) ? batch.map(([key, values]) => [key, sorted(values)]) : batch));
}

/** Compares as the vector says: batch by batch in order, or as multisets, or all batches flattened. */
export function verdict(compare: string, expected: readonly unknown[], actual: readonly unknown[]): Verdict {
  const got = actual.map(plain);
  const want = expected.map(plain);
  const failed: Verdict = { result: 'failed', expected: want, actual: got };
  const same = (a: unknown, b: unknown): Verdict => (isDeepStrictEqual(a, b) ? PASSED : failed);
  switch (compare) {
    case 'ordered':
      return same(got, want);
    case 'set':
      return same(got.map(asSet), want.map(asSet));
    case 'flattened-ordered':
      return same(got.flat(), want.flat());
    case 'flattened-set':
    case 'flattened':
      return same(asSet(got.flat()), asSet(want.flat()));
    default:
      throw new Error(`unknown comparison ${compare}`);
  }
}
