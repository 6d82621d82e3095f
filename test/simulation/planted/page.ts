/** The page that says which planted bugs the simulator finds, and how soon. */
import type { Bug } from './bug.ts';
import type { Found } from './hunt.ts';

/** One bug on a line, for who watches. */
export function lineOf({ name, within }: Bug, { promise, seed, what }: Found): string {
  if (seed === undefined) return `${name}: not found`;
  const late = seed > within ? `, and ${within} was the bound` : '';
  return `${name}: ${promise} at seed ${seed}${late}: ${(what ?? '').replaceAll('\n', ' ').slice(0, 140)}`;
}

/**
 * The page, as markdown.
 * @param found of the bugs that were hunted now @param before the page as it was: what it says of the others stays
 */
export function page(bugs: readonly Bug[], found: ReadonlyMap<Bug, Found>, before: string): string {
  const known = new Map(before.split('\n').map((line) => [/^\| ([\w-]+) \|/.exec(line)?.[1], line]));
  const rows = bugs.flatMap((bug) => {
    const outcome = found.get(bug);
    return outcome === undefined ? (known.get(bug.name) ?? []) : rowOf(bug, outcome);
  });
  return [
    '# Planted bugs',
    '',
    'Whether the [simulator](reliability.md) would notice a mistake is measured: each of these was planted into a copy of the code, alone, and seeds were',
    'run from seed 1 until a promise was broken. Made by `npm run simulate:planted`, which fails when one takes more seeds than its bound.',
    '',
    '| bug | in `src/` | what it breaks | seeds | promise |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function rowOf({ file, name, what }: Bug, { promise, seed }: Found): string {
  const cells = [name, `\`${file}\``, what, `${seed ?? 'not found'}`, promise ?? ''];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
