/** A visible list of named things (sources, sinks, channels, …) with look-up by name and by the names that others know them by. */
import { StreamjobError } from './errors.ts';

/** What a registry holds: a kind of thing with its name. */
export interface Named {
  /** The name users write, e.g. `netcat`. */
  readonly type: string;
  /** Further names, e.g. the class name that Flume's own configuration files use. */
  readonly aliases?: readonly string[];
}

/** Look-up over a fixed list. */
export interface Registry<T extends Named> {
  readonly kind: string;
  readonly names: readonly string[];
  /** @throws StreamjobError CONFIG_UNKNOWN, with the nearest known name */
  get(type: string): T;
  find(type: string): T | undefined;
}

/**
 * Makes a registry of `entries`. Names compare without case, as Flume compares them.
 *
 * @param kind what the things are, for errors: 'source', 'channel', …
 * @example
 * const sources = registry('source', [netcat, spooldir]);
 * sources.get('NetCat').type; // 'netcat'
 */
export function registry<T extends Named>(kind: string, entries: readonly T[]): Registry<T> {
  const byName = new Map<string, T>();
  for (const entry of entries) {
    for (const name of [entry.type, ...(entry.aliases ?? [])]) byName.set(name.toLowerCase(), entry);
  }
  const names = entries.map((entry) => entry.type);
  const find = (type: string): T | undefined => byName.get(type.toLowerCase());
  return {
    kind,
    names,
    find,
    get(type) {
      const entry = find(type);
      if (entry !== undefined) return entry;
      throw new StreamjobError('CONFIG_UNKNOWN', `unknown ${kind} type: ${type}`, {
        hint: `${didYouMean(type, [...byName.keys()])}known ${kind} types: ${names.join(', ')}`,
      });
    },
  };
}

/** The name in `known` that is nearest to `name` by edits, if one is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const other of known) {
    const distance = editDistance(name.toLowerCase(), other.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name: other, distance };
  }
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.name : undefined;
}

/**
 * The names in `known` that are nearest to `name`, nearest first: those that `name` is a part of, then by edits.
 * @example nearestOf('LOCKED', ['FILE_EXISTS', 'CHANNEL_LOCKED'], 1) // ['CHANNEL_LOCKED']
 */
export function nearestOf(name: string, known: readonly string[], count: number): string[] {
  const distances = known.map((other) => {
    const isPart = name !== '' && other.toLowerCase().includes(name.toLowerCase());
    return { other, distance: isPart ? 0 : editDistance(name.toLowerCase(), other.toLowerCase()) };
  });
  return distances
    .sort((a, b) => a.distance - b.distance)
    .slice(0, count)
    .map(({ other }) => other);
}

/** How a hint begins that names the nearest known name: `did you mean NAME? `, or nothing where none is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? '' : `did you mean ${near}? `;
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
