/** Contestants in turn, several times over, in one run: what the machine does meanwhile, it does to all of them. */
import { NotRun } from './side.ts';
import { median } from './stats.ts';

/** One that takes part. */
export interface Contestant<T> {
  readonly name: string;
  /** In how many turns it takes part, when that is fewer than all: for one that no target is about. */
  readonly turns?: number;
  run(): Promise<T>;
}

/** What came of one contestant: a value of each turn, or why there is none. */
export interface Outcome<T> {
  readonly name: string;
  readonly turns: readonly (T | undefined)[];
  /** Each with the turn in which it happened. */
  readonly failures: readonly string[];
}

/** One after the other, `pairs` times. One that failed twice without a figure is not asked again. */
export async function inTurn<T>(pairs: number, contestants: readonly Contestant<T>[]): Promise<Outcome<T>[]> {
  const outcomes = contestants.map(({ name }) => ({ name, turns: [] as (T | undefined)[], failures: [] as string[] }));
  for (let turn = 1; turn <= pairs; turn++) {
    for (const [index, contestant] of contestants.entries()) {
      const outcome = outcomes[index] as (typeof outcomes)[number];
      if (turn > (contestant.turns ?? pairs)) continue;
      if (outcome.failures.length >= 2 && outcome.turns.every((each) => each === undefined)) continue;
      process.stderr.write(`  ${turn}/${pairs} ${contestant.name}\n`);
      try {
        outcome.turns.push(await contestant.run());
      } catch (error) {
        if (!(error instanceof NotRun)) throw error;
        process.stderr.write(`    ${error.message}\n`);
        outcome.turns.push(undefined);
        outcome.failures.push(`turn ${turn}: ${error.message}`);
      }
    }
  }
  return outcomes;
}

/** The median of a figure over the turns that have one; NaN: none has. */
export function middle<T>(outcome: Outcome<T>, figure: (value: T) => number): number {
  return median(outcome.turns.filter((turn) => turn !== undefined).map((turn) => figure(turn as T)));
}

/** One over the other, of each turn in which both have a figure. */
export function ratios<T>(over: Outcome<T>, under: Outcome<T>, figure: (value: T) => number): number[] {
  return over.turns.flatMap((value, turn) => {
    const other = under.turns[turn];
    return value === undefined || other === undefined ? [] : [figure(value) / figure(other)];
  });
}
