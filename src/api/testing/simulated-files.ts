/** Where a simulated job writes on its disk, and what a test finds there. */
import type { DeadLetter } from '../../flow/output/dead-letters.ts';
import type { SimDisk } from '../../simulation/machine/index.ts';

/** For files of the job's own. */
export const FILES_DIR = '/data/out';
export const DEAD_LETTERS = '/data/dead-letters.jsonl';

/** The texts of the job's files by their paths in its directory, without what is not whole. */
export function filesOf(disk: SimDisk): Map<string, string> {
  const paths = disk.paths(FILES_DIR).filter((path) => !path.includes('_temporary'));
  return new Map(paths.map((path) => [path.slice(FILES_DIR.length + 1), disk.text(path)]));
}

/** The values that were left out. Half a line, which a run left that was killed or lost its power, stands for none: its batch is run again. */
export function deadLettersOf(disk: SimDisk): DeadLetter[] {
  if (!disk.paths('/data').includes(DEAD_LETTERS)) return [];
  return disk.text(DEAD_LETTERS).split('\n').flatMap(letterIn);
}

function letterIn(line: string): DeadLetter[] {
  try {
    return [JSON.parse(line) as DeadLetter];
  } catch {
    return [];
  }
}
