/**
 * A fresh working copy of a directory of text files, for jobs that spool them: Flume's spooldir source renames what it has
 * read, and the input is to stay as it was. The copy, and what the agent's file channel keeps beside it, goes when the process ends.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * Copies the files of `source` and returns the directory that has the copy as `input/`.
 * Hidden files are left out, as the source would leave them out.
 */
export function workingCopy(source: string): string {
  const files = filesOf(source);
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-wordcount-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const input = path.join(directory, 'input');
  mkdirSync(input);
  for (const name of files) {
    // The source takes a file with its own suffix for one that it has read already.
    const copy = name.endsWith('.COMPLETED') ? `${name}.txt` : name;
    copyFileSync(path.join(source, name), path.join(input, copy));
  }
  return directory;
}

function filesOf(source: string): string[] {
  try {
    return readdirSync(source).filter((name) => !name.startsWith('.') && statSync(path.join(source, name)).isFile());
  } catch (cause) {
    throw new Error(`WORDCOUNT_INPUT: cannot read the directory ${source}: it must exist and hold text files`, {
      cause,
    });
  }
}
