/**
 * Taps: somebody looks at the values that an operator gives. While nobody does, no operator is touched. What is shown of a second is bounded,
 * whatever the job works on, and goes through the redaction first.
 */
import type { TapReport, TapRequest } from '../engine/taps.ts';
import type { Observed } from './observed.ts';
import type { Redaction } from './redaction.ts';

/** What was seen of an operator in a batch. */
export interface Tapped {
  /** The batch's time, in ms since the epoch. A batch that is run again is seen again. */
  readonly time: number;
  /** How many values the operator gave. */
  readonly count: number;
  /** Some of them. */
  readonly values: readonly unknown[];
}

/** Somebody who looks. */
interface Looker {
  readonly operator: number;
  readonly perSecond: number;
  readonly take: (tapped: Tapped) => void;
  /** The second that runs, and how many values it may still have. */
  second: number;
  left: number;
}

/** Values of a batch and partition that are asked for at most. */
const MOST_OF_BATCH = 20;

/** Who looks at what. */
export class TapBoard {
  readonly #observed: Observed;
  readonly #redaction: Redaction;
  readonly #lookers = new Set<Looker>();

  constructor(observed: Observed, redaction: Redaction) {
    this.#observed = observed;
    this.#redaction = redaction;
  }

  get size(): number {
    return this.#lookers.size;
  }

  /**
   * Looks at an operator's values from the next batch on.
   * @param operator its number
   * @param perSecond how many values are shown at most; 0: they are only counted
   * @param take called for each batch
   * @returns ends it
   */
  look(operator: number, perSecond: number, take: (tapped: Tapped) => void): () => void {
    const looker: Looker = { operator, perSecond, take, second: -1, left: 0 };
    this.#lookers.add(looker);
    const watcher = {
      wanted: () => this.#wanted(),
      take: (time: number, reports: readonly TapReport[]) => this.#take(time, reports),
    };
    this.#observed.taps.watch(watcher);
    return () => {
      this.#lookers.delete(looker);
      if (this.#lookers.size === 0) this.#observed.taps.watch(undefined);
    };
  }

  #wanted(): TapRequest[] {
    const second = Math.floor(this.#observed.clock.now() / 1000);
    const values = new Map<number, number>();
    for (const looker of this.#lookers) {
      if (looker.second !== second) {
        looker.second = second;
        looker.left = looker.perSecond;
      }
      const { left, operator } = looker;
      values.set(operator, Math.max(values.get(operator) ?? 0, Math.min(MOST_OF_BATCH, left)));
    }
    return [...values].map(([node, wanted]) => ({ node, values: wanted }));
  }

  #take(time: number, reports: readonly TapReport[]): void {
    const shown = new Map<number, readonly unknown[]>();
    for (const looker of this.#lookers) {
      const report = reports.find(({ node }) => node === looker.operator);
      if (report === undefined) continue;
      const { count, node } = report;
      const all = shown.get(node) ?? report.values.map((value) => this.#redaction.shown(value));
      shown.set(node, all);
      const values = spread(all, looker.left);
      looker.left -= values.length;
      looker.take({ time, count, values });
    }
  }
}

/** So many of the values, evenly spread. */
function spread(values: readonly unknown[], most: number): readonly unknown[] {
  if (values.length <= most) return values;
  return Array.from({ length: Math.max(0, most) }, (_, i) => values[Math.floor((i * values.length) / most)]);
}
