/**
 * A fresh working copy of a directory of text files, for jobs that spool them: Flume's spooldir source renames what it has
 * read, and the input is to stay as it was. The copy, and what the agent's file channel keeps beside it, goes when the process ends.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StreamjobError } from 'streamjob';

const PREFIX = 'streamjob-wordcount-';

/**
 * Copies the files of `source` and returns the directory that has the copy as `input/`.
 * Hidden files are left out, as the source would leave them out.
 */
export function workingCopy(source: string): string {
  const files = filesOf(source);
  sweep();
  const directory = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
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
    throw new StreamjobError('FILE_NOT_FOUND', `cannot read the input directory ${source}`, {
      where: 'WORDCOUNT_INPUT',
      hint: 'set WORDCOUNT_INPUT to a directory that exists and holds text files',
      cause,
    });
  }
}

/** Takes away the copies of runs that were killed: their processes are gone. */
function sweep(): void {
  if (!existsSync('/proc/self')) return;
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? /^\d+(?=-)/.exec(name.slice(PREFIX.length))?.[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}
