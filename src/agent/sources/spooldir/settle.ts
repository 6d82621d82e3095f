/** What happens to a file that was read to its end, and which files were read before. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { StreamjobError } from '../../../core/errors.ts';
import type { Candidate } from './scan.ts';

/** How files that are done are told from others. */
export interface DonePolicy {
  readonly how: 'remove' | 'rename' | 'mark';
  readonly directory: string;
  readonly trackerDir: string;
  readonly suffix: string;
}

/**
 * Renames, removes or marks a file that was read. It must be the one that was opened, unchanged.
 * @throws StreamjobError EVENT_UNREADABLE when it was changed, or its name was used before
 */
export async function settleFile(candidate: Candidate, policy: DonePolicy): Promise<void> {
  const now = await fs.stat(candidate.path);
  if (now.size !== candidate.size || now.mtimeMs !== candidate.mtimeMs) {
    throw unreadable(
      'it was changed while it was read; its events up to then are delivered. Move files into the directory only when they are complete',
    );
  }
  if (policy.how === 'remove') return await fs.rm(candidate.path);
  if (policy.how === 'mark') {
    const mark = path.join(policy.trackerDir, path.relative(policy.directory, candidate.path) + policy.suffix);
    await fs.mkdir(path.dirname(mark), { recursive: true });
    return await fs.writeFile(mark, '');
  }
  const done = candidate.path + policy.suffix;
  if (await exists(done)) {
    throw unreadable(
      `its name was used before: ${done} exists. Its events are delivered; give every file a name of its own`,
    );
  }
  await fs.rename(candidate.path, done);
}

/** The files that have a mark. */
export async function marked({ how, directory, trackerDir, suffix }: DonePolicy): Promise<Set<string>> {
  if (how !== 'mark') return new Set();
  const names = await fs.readdir(trackerDir, { recursive: true });
  const marks = names.filter((name) => name.endsWith(suffix));
  return new Set(marks.map((name) => path.join(directory, name.slice(0, -suffix.length))));
}

/** Whether there is anything of that name. */
export async function exists(file: string): Promise<boolean> {
  try {
    await fs.lstat(file);
    return true;
  } catch {
    return false;
  }
}

function unreadable(message: string): StreamjobError {
  return new StreamjobError('EVENT_UNREADABLE', message);
}
