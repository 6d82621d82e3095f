/** Lines of the table of targets out of outcomes. */
import type { Row } from '../kit/results.ts';
import { median } from '../kit/stats.ts';
import { middle, type Outcome, ratios } from '../kit/turns.ts';

/** What a line compares. */
export interface Comparison<T> {
  readonly what: string;
  readonly target: number;
  readonly sense: Row['sense'];
  readonly over: Outcome<T>;
  readonly under: Outcome<T>;
  readonly figure: (value: T) => number;
  readonly show: (figure: number) => string;
  /** Which of the two is ours. Default: under, as in "Spark's CPU over ours". */
  readonly ours?: 'over' | 'under';
}

/** The line: the median of the ratios of each pair. */
export function row<T>({ what, target, sense, over, under, figure, show, ours = 'under' }: Comparison<T>): Row {
  const each = ratios(over, under, figure);
  const shown = { over: show(middle(over, figure)), under: show(middle(under, figure)) };
  const other = ours === 'over' ? 'under' : 'over';
  const failures = [over, under].flatMap(({ name, failures }) => failures.map((failure) => `${name}, ${failure}`));
  return {
    what,
    target,
    sense,
    ratio: each.length > 0 ? median(each) : undefined,
    ratios: each,
    ours: shown[ours],
    theirs: shown[other],
    failures,
  };
}
