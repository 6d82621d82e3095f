/** What a planted bug is: a mistake that somebody could make in src/, kept as a text that is replaced by another. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** A planted bug. */
export interface Bug {
  readonly name: string;
  /** In src/. */
  readonly file: string;
  /** A text that stands exactly once in the file. */
  readonly find: string;
  /** What takes its place. */
  readonly replace: string;
  /** What it breaks, in a sentence. */
  readonly what: string;
  /** Whether the code had this defect once: it takes the mend out. */
  readonly mended?: true;
  /** It must be found within so many seeds, from seed 1: twice as many as it took when it was measured. */
  readonly within: number;
}

/**
 * The text of a bug's file with the bug in it.
 * @param root of the tree whose file is read
 * @throws Error when what it replaces does not stand in the file exactly once
 */
export function withBug({ file, find, name, replace }: Bug, root: string = ROOT): string {
  const text = readFileSync(path.join(root, 'src', file), 'utf8');
  const parts = text.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${name}: what it replaces stands ${parts.length - 1} times in src/${file}, and must stand there once`,
    );
  }
  return parts.join(replace);
}
