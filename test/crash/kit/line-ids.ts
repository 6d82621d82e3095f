/**
 * Lines that say which they are: the id of their file, and their number in it. What comes of them is counted by that, and by the id
 * that the source gave to the event: so what the source has read twice is told from what the sink has written twice.
 */
import { expect } from 'vitest';

/** How many lines each file was given, by its id. */
export class GivenLines {
  readonly #counts = new Map<string, number>();

  /** The next `count` lines of a file. */
  lines(id: string, count: number): string {
    const first = this.of(id);
    this.#counts.set(id, first + count);
    return Array.from({ length: count }, (_, i) => `${id}/${first + i}\n`).join('');
  }

  of(id: string): number {
    return this.#counts.get(id) ?? 0;
  }

  get ids(): readonly string[] {
    return [...this.#counts.keys()];
  }

  /** All. */
  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}

/** By the ids of files: the numbers of their lines in the order in which the source has put them. */
export type ArrivedLines = ReadonlyMap<string, readonly number[]>;

/** The names of the files of a file_roll sink, `TIME-NUMBER`, in the order in which they were written. */
export function inOrder(names: readonly string[]): readonly string[] {
  const [time, number] = [0, 1] as const;
  const numbers = (name: string): number[] => name.split('-').map(Number);
  return names.toSorted((a, b) => {
    const [one, other] = [numbers(a), numbers(b)];
    return (one[time] ?? 0) - (other[time] ?? 0) || (one[number] ?? 0) - (other[number] ?? 0);
  });
}

/** What the source has put, without what only the sink wrote again. @param written what is in the sink's files; the last line of each counts when it is whole */
export function arrivedLines(written: readonly string[]): ArrivedLines {
  const all = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const line of written.flatMap((text) => text.split('\n').slice(0, -1))) {
    const [, event = '', id = '', number = ''] = /^\{id=([0-9a-f-]{36})\} (.+)\/(\d+)$/.exec(line) ?? [];
    if (seen.has(event) || event === '') continue;
    seen.add(event);
    all.set(id, [...(all.get(id) ?? []), Number(number)]);
  }
  return all;
}

/** The lines that have not arrived, e.g. `file0/7`. */
export function lostLines(given: GivenLines, arrived: ArrivedLines): readonly string[] {
  return given.ids.flatMap((id) => {
    const there = new Set(arrived.get(id));
    const all = Array.from({ length: given.of(id) }, (_, i) => i);
    return all.filter((i) => !there.has(i)).map((i) => `${id}/${i}`);
  });
}

/**
 * Checks that all lines of all files are there, and none besides. In each file they came in its order, but that now and then some came
 * again, in their order too.
 * @param again the most lines that may come again at once
 * @returns how many lines came again in all
 */
export function expectLines(given: GivenLines, arrived: ArrivedLines, again: number): number {
  expect([...arrived.keys()].filter((id) => given.of(id) === 0)).toEqual([]);
  expect(lostLines(given, arrived)).toEqual([]);
  let repeats = 0;
  for (const id of given.ids) {
    const numbers = arrived.get(id) ?? [];
    repeats += numbers.length - given.of(id);
    let next = 0;
    for (const number of numbers) {
      expect(number, `line of ${id} behind ${next - 1}`).toBeLessThanOrEqual(next);
      expect(number, `line of ${id} behind ${next - 1}`).toBeGreaterThanOrEqual(next - again);
      next = number + 1;
    }
  }
  return repeats;
}
