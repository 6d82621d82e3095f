/** What is seen of operators' values in one batch: by a step that lets values pass, or in results that are kept anyway. */
import { boundedJson } from '../../core/bounded-json.ts';
import { random } from '../../core/machine.ts';
import { ArrayPartition, type Partition, type Sink } from '../../graph/lineage.ts';
import type { TapReport, TapRequest } from '../taps.ts';

/** Values of so many partitions are kept at most, of a batch. */
const MOST_PARTITIONS = 4;

/** Thrown through a chunk when enough of it was seen. */
const ENOUGH = new Error('enough');

/** The taps of one batch that is run. */
export class Tapping {
  readonly #wanted: ReadonlyMap<number, TapRequest>;
  readonly #seen = new Map<number, { count: number; readonly values: unknown[] }>();

  constructor(wanted: readonly TapRequest[]) {
    this.#wanted = new Map(wanted.map((request) => [request.node, request]));
  }

  /** The operators that are looked at. */
  get nodes(): Iterable<number> {
    return this.#wanted.keys();
  }

  wants(node: number): boolean {
    return this.#wanted.has(node);
  }

  /** Values of one partition of an operator on their way to `down`. They are told of when the partition is at its end. */
  open<T>(node: number, down: Sink<T>): Sink<T> {
    const { values = 0 } = this.#wanted.get(node) ?? {};
    const sample = new Sample(values);
    return {
      push: (value) => {
        // Now: what comes after may change the value.
        sample.pass(value);
        down.push(value);
      },
      end: () => {
        this.#add(node, sample.count, sample.values);
        down.end();
      },
    };
  }

  /** A partition that is there: what it holds is counted, and a few values are read. */
  look(node: number, partition: Partition<unknown>): void {
    const { values = 0 } = this.#wanted.get(node) ?? {};
    if (partition instanceof ArrayPartition) {
      const { values: all } = partition as ArrayPartition<unknown>;
      const every = Math.max(1, Math.floor(all.length / Math.max(1, values)));
      const places = Array.from(
        { length: Math.min(values, all.length) },
        (_, i) => i * every + Math.floor(random() * every),
      );
      this.#add(
        node,
        all.length,
        places.map((place) => boundedJson(all[place])),
      );
      return;
    }
    // Only the beginnings of its chunks are read: the rest may not even have been decoded.
    const seen: unknown[] = [];
    let count = 0;
    for (const chunk of partition.chunks) {
      count += chunk.count;
      if (seen.length < values) seen.push(...firstOf(chunk, Math.max(1, Math.ceil(values / 4))));
      else if (partition.size !== undefined) break;
    }
    this.#add(node, partition.size ?? count, seen.slice(0, values));
  }

  reports(): TapReport[] {
    return [...this.#seen].map(([node, { count, values }]) => ({ node, count, values }));
  }

  #add(node: number, count: number, values: readonly unknown[]): void {
    const seen = this.#seen.get(node) ?? { count: 0, values: [] };
    this.#seen.set(node, seen);
    seen.count += count;
    seen.values.push(...values);
    // However many partitions there are: those that stay are any of them.
    const most = MOST_PARTITIONS * (this.#wanted.get(node)?.values ?? 0);
    while (seen.values.length > most) {
      const last = seen.values.pop();
      const at = Math.floor(random() * (most + 1));
      if (at < most) seen.values[at] = last;
    }
  }
}

function firstOf(chunk: { forEach(visit: (value: unknown) => void): void }, most: number): unknown[] {
  const values: unknown[] = [];
  try {
    chunk.forEach((value) => {
      values.push(boundedJson(value));
      if (values.length >= most) throw ENOUGH;
    });
  } catch (error) {
    if (error !== ENOUGH) throw error;
  }
  return values;
}

/**
 * Some of values that pass, each as likely as any other, though nobody knows how many will come. Source: reservoir sampling, Algorithm L
 * (Kim-Hung Li, 1994): it works out how many values to let pass until the next one that is kept, so that most cost a comparison.
 */
class Sample {
  readonly #most: number;
  readonly #kept: { readonly at: number; readonly value: unknown }[] = [];
  #weight = 1;
  #next = 0;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
    if (most <= 0) this.#next = Number.POSITIVE_INFINITY;
  }

  get count(): number {
    return this.#count;
  }

  /** In the order in which they came. */
  get values(): readonly unknown[] {
    return this.#kept.sort((a, b) => a.at - b.at).map(({ value }) => value);
  }

  pass(value: unknown): void {
    const at = this.#count++;
    if (at < this.#next) return;
    const kept = { at, value: boundedJson(value) };
    if (this.#kept.length < this.#most) this.#kept.push(kept);
    else this.#kept[Math.floor(random() * this.#most)] = kept;
    this.#next = at + 1;
    if (this.#kept.length < this.#most) return;
    this.#weight *= Math.exp(Math.log(chance()) / this.#most);
    this.#next += Math.floor(Math.log(chance()) / Math.log(1 - this.#weight));
  }
}

/** Above 0: its logarithm is taken. */
function chance(): number {
  return 1 - random();
}
