/**
 * Whose turn it is among several that do the same (sinks of a group, hosts of a client): in turn or at random, those that have failed
 * left out for a while. Source: OrderSelector and its two kinds of Flume 1.11.
 */
import type { Clock } from '../../core/clock.ts';
import { random } from '../../core/machine.ts';

const FIRST_MS = 1000;
const MOST_DOUBLINGS = 16;
/** A failure that comes so long after the last time out, in ms, is the first of a new row. */
const ROW_MS = 3_600_000;

/** How turns are given. */
export interface TurnOptions {
  readonly clock: Clock;
  readonly isRandom: boolean;
  /** The most ms that one which has failed is left out; undefined: it is not. */
  readonly mostOutMs: number | undefined;
}

/** Gives turns. */
export class Turns<T> {
  readonly #all: readonly T[];
  readonly #options: TurnOptions;
  readonly #rows = new Map<T, { fails: number; at: number; until: number }>();
  #next = 0;

  constructor(all: readonly T[], options: TurnOptions) {
    this.#all = all;
    this.#options = options;
  }

  /** Those that are not left out, in the order in which they are to be tried. */
  order(): readonly T[] {
    const active = this.#all.filter((each) => !this.#isOut(each));
    if (this.#options.isRandom) return shuffled(active);
    const first = this.#next >= active.length ? 0 : this.#next;
    this.#next = first + 1 >= active.length ? 0 : first + 1;
    return [...active.slice(first), ...active.slice(0, first)];
  }

  /** One has failed: it is left out for 2 s, 4 s, 8 s, … the more often it fails in a row. */
  failed(one: T): void {
    const { clock, mostOutMs } = this.#options;
    if (mostOutMs === undefined) return;
    const now = clock.now();
    const row = this.#rows.get(one);
    const isRow = row !== undefined && now - row.at < lengthOf(row.fails, mostOutMs) + ROW_MS;
    const fails = isRow ? Math.min(row.fails + 1, MOST_DOUBLINGS) : 1;
    this.#rows.set(one, { fails, at: now, until: now + lengthOf(fails, mostOutMs) });
  }

  #isOut(one: T): boolean {
    return (this.#rows.get(one)?.until ?? Number.NEGATIVE_INFINITY) >= this.#options.clock.now();
  }
}

function lengthOf(fails: number, most: number): number {
  return Math.min(most, FIRST_MS * 2 ** fails);
}

/** Source: Fisher and Yates, as Knuth has it (TAOCP 3.4.2, algorithm P). */
function shuffled<T>(values: readonly T[]): T[] {
  const left = [...values];
  const order: T[] = [];
  while (left.length > 0) order.push(...left.splice(Math.floor(random() * left.length), 1));
  return order;
}
