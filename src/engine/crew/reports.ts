/** The reports of all members of a batch as one: each tells of its own partitions. */
import type { BatchReport, StageReport } from '../engine.ts';
import type { Slice } from '../slices.ts';
import type { TapReport } from '../taps.ts';
import type { RunReport } from './messages.ts';

/** @param empty a partition without values, as bytes */
export function merged(reports: readonly RunReport[], empty: Uint8Array): Pick<BatchReport, 'stages' | 'slices'> {
  return { stages: mergedStages(reports), slices: mergedSlices(reports, empty) };
}

/** All members run the same stages in the same order; a stage lasts until its last member is done. */
function mergedStages(reports: readonly RunReport[]): StageReport[] {
  const [first] = reports;
  return (first?.stages ?? []).map((stage, i) => {
    const all = reports.flatMap(({ stages }) => stages[i] ?? []);
    return {
      ...stage,
      durationMs: Math.max(...all.map(({ durationMs }) => durationMs)),
      tasks: all.flatMap(({ tasks }) => tasks),
      gave: summed(all.map(({ gave }) => gave)),
    };
  });
}

/** Each member has counted in its own partitions. */
function summed(counts: readonly StageReport['gave'][]): StageReport['gave'] {
  const sums = new Map<number, number>();
  for (const own of counts) {
    // What an operator gave may be told twice, as it was made and as it was kept: the later one counts.
    for (const [node, values] of new Map(own)) sums.set(node, (sums.get(node) ?? 0) + values);
  }
  return [...sums];
}

function mergedSlices(reports: readonly RunReport[], empty: Uint8Array): Slice[] {
  const slices = new Map<string, { readonly owners: readonly string[]; readonly partitions: (Uint8Array | null)[] }>();
  for (const { slices: own } of reports) {
    for (const { owners, partitions } of own) {
      const key = owners.join('\u0000');
      const present = slices.get(key);
      if (present === undefined) slices.set(key, { owners, partitions: [...partitions] });
      else for (const [i, bytes] of partitions.entries()) present.partitions[i] ??= bytes;
    }
  }
  return [...slices.values()].map(({ owners, partitions }) => ({
    owners,
    partitions: partitions.map((bytes) => bytes ?? empty),
  }));
}

/** What all members saw of each operator that is looked at. */
export function mergedTaps(reports: readonly RunReport[]): TapReport[] {
  const merged = new Map<number, TapReport>();
  for (const { count, node, values } of reports.flatMap(({ tapped }) => tapped)) {
    const { count: before = 0, values: seen = [] } = merged.get(node) ?? {};
    merged.set(node, { node, count: before + count, values: [...seen, ...values] });
  }
  return [...merged.values()];
}
