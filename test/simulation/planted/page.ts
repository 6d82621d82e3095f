/** The page that says which planted bugs the simulator finds, and how soon. */
import type { Bug } from './bug.ts';
import type { Found } from './hunt.ts';
import { UNSEEN } from './unseen.ts';

/** One bug on a line, for who watches. */
export function lineOf({ name, within }: Bug, { promise, seed, what }: Found): string {
  if (seed === undefined) return `${name}: not found`;
  const late = seed > within ? `, and ${within} was the bound` : '';
  return `${name}: ${promise} at seed ${seed}${late}: ${(what ?? '').replaceAll('\n', ' ').slice(0, 140)}`;
}

/** What the page says that came of a bug. */
type Outcome = readonly [seeds: string, promise: string];

/**
 * The page, as markdown.
 * @param found of the bugs that were hunted now @param before the page as it was: what it says came of the others stays
 */
export function page(bugs: readonly Bug[], found: ReadonlyMap<Bug, Found>, before: string): string {
  const known = new Map(before.split('\n').flatMap(outcomeIn));
  const rows = bugs.flatMap((bug) => {
    const now = found.get(bug);
    const outcome: Outcome | undefined =
      now === undefined ? known.get(bug.name) : [`${now.seed ?? 'not found'}`, now.promise ?? ''];
    return outcome === undefined ? [] : rowOf(bug, outcome);
  });
  return [
    '# Planted bugs',
    '',
    'Whether the [simulator](simulation.md) would notice a mistake is measured: each of these was planted into a copy of the code, alone, and seeds were',
    'run from seed 1 until a promise was broken. Made by `npm run simulate:planted`, which fails when one takes more seeds than its bound.',
    'Those that are marked are defects which the code had once: planted, they take the mend out again. A change of the world or of the code changes',
    'what happens in each seed, so that the numbers below, which were measured as the bugs were written, say how rare a bug is, and not more.',
    '',
    '| bug | in `src/` | what it breaks | mended defect | seeds | promise |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '## What it does not find',
    '',
    'Mistakes that were thought of, or were made and mended. Where seeds are named, the mistake was planted and not found in them; the others follow',
    'from what the world has and were not all planted. Why not is what seems to be the reason, and was not followed step by step:',
    '',
    '| mistake | why not |',
    '| --- | --- |',
    ...UNSEEN.map(({ mistake, why }) => line([mistake, why])),
    '',
  ].join('\n');
}

/** What a row of the page says came of which bug; other lines say nothing. */
function outcomeIn(row: string): (readonly [name: string, outcome: Outcome])[] {
  const name = /^\| ([\w-]+) \|/.exec(row)?.[1];
  const [promise, seeds] = row.split(' | ').reverse();
  if (name === undefined || promise === undefined || seeds === undefined || !/^(\d+|not found)$/.test(seeds)) return [];
  return [[name, [seeds, promise.replace(/ ?\|$/, '')]]];
}

function rowOf({ file, mended, name, what }: Bug, [seeds, promise]: Outcome): string {
  return line([name, `\`${file}\``, what, mended === true ? 'yes' : '', seeds, promise]);
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
