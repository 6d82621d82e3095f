/** Counts events by id: which came, and how often. */
import { expect } from 'vitest';
import { idOf } from './lines.ts';

/** See the file's head. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Of lines as lines.ts makes them. */
  static ofLines(lines: readonly string[]): Tally {
    const tally = new Tally();
    tally.add(lines.map(idOf));
    return tally;
  }

  add(ids: Iterable<string>): void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** How many different ids came. */
  get size(): number {
    return this.#counts.size;
  }

  /** Whether all of these came. */
  hasAll(ids: readonly string[]): boolean {
    return ids.every((id) => this.#counts.has(id));
  }

  /** Every id came exactly once, and none besides. */
  expectExactlyOnce(ids: readonly string[]): void {
    this.expectNoneLost(ids);
    expect(sample([...this.#counts].filter(([, count]) => count > 1).map(([id]) => id)), 'ids that came twice').toEqual(
      [],
    );
  }

  /** Every id came once or more, and none besides. */
  expectNoneLost(ids: readonly string[]): void {
    expect(sample(ids.filter((id) => !this.#counts.has(id))), 'ids that did not come').toEqual([]);
    const sent = new Set(ids);
    expect(sample([...this.#counts.keys()].filter((id) => !sent.has(id))), 'ids that nobody sent').toEqual([]);
  }
}

/** A difference of two sets of 100,000 ids, in full, helps nobody. */
function sample(ids: readonly string[]): readonly string[] {
  return ids.length <= 5 ? ids : [...ids.slice(0, 5), `and ${ids.length - 5} more`];
}
