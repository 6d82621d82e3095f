/** What the cases found: kept as JSON, a section for each case, so that one case can be run again without the others. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../results.json', import.meta.url));

/** One line of the table of targets. */
export interface Row {
  readonly what: string;
  readonly target: number;
  /** Whether the ratio is to be at least or at most the target. */
  readonly sense: 'at least' | 'at most';
  /** The median; undefined: there is none. */
  readonly ratio: number | undefined;
  /** Of each pair. */
  readonly ratios: readonly number[];
  /** Both absolute figures, as medians, with their unit. */
  readonly ours: string;
  readonly theirs: string;
  /** Why turns, or all of it, failed. */
  readonly failures: readonly string[];
}

/** Any table of a case. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** A line of a chart. */
export interface Series {
  readonly chart: string;
  readonly x: string;
  readonly name: string;
  /** x; cost of an event in CPU microseconds. */
  readonly points: readonly (readonly [number, number])[];
}

/** What one case found. */
export interface CaseResult {
  readonly title: string;
  /** How it was measured. */
  readonly method: string;
  readonly rows: readonly Row[];
  readonly tables: readonly Table[];
  readonly series?: readonly Series[];
  /** Filled in by the run. */
  readonly ran?: { readonly at: string; readonly pairs: number; readonly seconds: number; readonly machine: string };
}

/** All results, by case. */
export type Results = Readonly<Record<string, CaseResult>>;

export function loadResults(): Results {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Results) : {};
}

/** JSON has no NaN: a figure that is missing is null there. */
export function saveResults(results: Results): void {
  writeFileSync(FILE, `${JSON.stringify(results, null, 1)}\n`);
}
