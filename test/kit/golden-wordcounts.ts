/** The main jobs, run by the command line: what they count, against what the sample holds. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The text files that the jobs count when nobody says others. */
export const SAMPLE: string = fileURLToPath(new URL('../../jobs/sample', import.meta.url));

/** A hand-written count of what a directory's files hold. */
export function countsOf(directory: string): { lines: number; counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  let lines = 0;
  for (const file of readdirSync(directory)) {
    for (const line of readFileSync(path.join(directory, file), 'utf8').trimEnd().split('\n')) {
      lines++;
      for (const word of line.split(' ')) counts[word] = (counts[word] ?? 0) + 1;
    }
  }
  return { lines, counts };
}

/** What `--json` prints of a batch. */
export interface WordcountLine {
  batch: number;
  events: number;
  acked: number;
  outputs: { kind: string; elements: [string, number][]; more: number }[];
}

/** What a run has counted. */
export function totals(stdout: string): {
  lines: number;
  acked: number;
  counts: Record<string, number>;
  batches: WordcountLine[];
} {
  const batches = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as WordcountLine);
  const counts: Record<string, number> = {};
  for (const { outputs } of batches) {
    for (const [word, count] of outputs[0]?.elements ?? []) counts[word] = (counts[word] ?? 0) + count;
  }
  const sum = (field: 'events' | 'acked'): number => batches.reduce((total, batch) => total + batch[field], 0);
  return { lines: sum('events'), acked: sum('acked'), counts, batches };
}
