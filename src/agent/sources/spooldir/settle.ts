/** What happens to a file that was read to its end, and which files were read before. */

import path from 'node:path';
import { StreamjobError, systemCodeOf } from '../../../core/errors.ts';
import { fs } from '../../../core/machine.ts';
import { digestOf, hashOf, type LastPosition } from './position.ts';
import { type Candidate, candidateOf, sameFile, unchanged } from './scan.ts';

/** How files that are done are told from others. */
export interface DonePolicy {
  readonly how: 'remove' | 'rename' | 'mark';
  readonly directory: string;
  readonly trackerDir: string;
  readonly suffix: string;
}

/** What a mark says of its file. */
interface Mark {
  readonly size: unknown;
  readonly mtimeMs: unknown;
}

/** The marks of files that are done, for the policy `mark`: empty files in Flume, here with size and time of the file that was read. */
export class Marks {
  readonly #policy: DonePolicy;
  /** What each mark says, by the path of the marked file; undefined: nothing, as a mark of Flume. */
  #known = new Map<string, Mark | undefined>();

  constructor(policy: DonePolicy) {
    this.#policy = policy;
  }

  /** Looks for marks that came or went. */
  async refresh(): Promise<void> {
    const { how, directory, trackerDir, suffix } = this.#policy;
    if (how !== 'mark') return;
    const names = await fs.readdir(trackerDir, { recursive: true });
    const marks = new Map<string, Mark | undefined>();
    for (const name of names.filter((each) => each.endsWith(suffix))) {
      const file = path.join(directory, name.slice(0, -suffix.length));
      marks.set(file, this.#known.has(file) ? this.#known.get(file) : await readMark(path.join(trackerDir, name)));
    }
    this.#known = marks;
  }

  /** Whether this very file was read: one that came later under the same name, or that was changed since, was not. */
  has(candidate: Candidate): boolean {
    if (!this.#known.has(candidate.path)) return false;
    const mark = this.#known.get(candidate.path);
    return mark === undefined || (mark.size === candidate.size && mark.mtimeMs === candidate.mtimeMs);
  }

  /** @returns whether another file of that name was marked before */
  async add(candidate: Candidate): Promise<boolean> {
    const { directory, trackerDir, suffix } = this.#policy;
    const mark = path.join(trackerDir, path.relative(directory, candidate.path) + suffix);
    const reused = this.#known.has(candidate.path);
    const { size, mtimeMs } = candidate;
    await fs.mkdir(path.dirname(mark), { recursive: true });
    await writeMark(mark, `${JSON.stringify({ size, mtimeMs })}\n`);
    this.#known.set(candidate.path, { size, mtimeMs });
    return reused;
  }
}

/**
 * A mark comes with its text or not at all: an empty one is Flume's, which says of every file of that name that it was read. A kill, a
 * full disk or a power cut must not leave such a one.
 */
async function writeMark(mark: string, text: string): Promise<void> {
  const fresh = path.join(path.dirname(mark), '.streamjob-mark.new');
  const file = await fs.open(fresh, 'w');
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await fs.rename(fresh, mark);
}

async function readMark(mark: string): Promise<Mark | undefined> {
  try {
    const value: unknown = JSON.parse(await fs.readFile(mark, 'utf8'));
    if (typeof value !== 'object' || value === null || !('size' in value && 'mtimeMs' in value)) return undefined;
    return { size: value.size, mtimeMs: value.mtimeMs };
  } catch {
    return undefined;
  }
}

/**
 * Renames, removes or marks a file that was read. It must be the one that was opened, unchanged.
 * @throws StreamjobError EVENT_UNREADABLE when it was changed, or its name was used before
 */
export async function settleFile(candidate: Candidate, policy: DonePolicy, marks: Marks): Promise<void> {
  if (!unchanged(candidate, candidateOf(candidate.path, await fs.stat(candidate.path)))) throw changed();
  if (policy.how === 'mark') {
    if (await marks.add(candidate)) throw nameUsed(`a file of that name is marked as read in ${policy.trackerDir}`);
    return;
  }
  if (policy.how === 'remove') {
    const hidden = hiddenOf(candidate.path);
    await moveAway(candidate, hidden);
    return await fs.rm(hidden);
  }
  const done = candidate.path + policy.suffix;
  if (await exists(done)) throw nameUsed(`${done} exists`);
  await moveAway(candidate, done);
}

/** Where a file that was read is while it is removed. */
function hiddenOf(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.streamjob-read`);
}

/**
 * Brings to its end what a kill has interrupted behind the rename of a file that was read. What has its new name may also be a file
 * that took the old name at that moment: then it goes back, to be read.
 * @param last what the position log has
 * @returns whether that file is done, so that its position is of no use
 * @throws system errors
 */
export async function settleInterrupted(last: LastPosition, policy: DonePolicy): Promise<boolean> {
  if (policy.how === 'mark' || (await exists(last.file))) return false;
  const moved = policy.how === 'remove' ? hiddenOf(last.file) : last.file + policy.suffix;
  if (!(await exists(moved))) return true;
  if (await isAsRead(moved, last)) {
    if (policy.how === 'remove') await fs.rm(moved);
    return true;
  }
  await giveBack(moved, last.file);
  return true;
}

/** A file gets the name back that it had, unless another one has it by now. @throws system errors, EEXIST */
async function giveBack(moved: string, file: string): Promise<void> {
  try {
    await fs.link(moved, file);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw error;
    // There are file systems without links.
    return await fs.rename(moved, file);
  }
  await fs.rm(moved);
}

async function isAsRead(moved: string, { size, mtimeMs, offset, digest }: LastPosition): Promise<boolean> {
  const stats = await fs.stat(moved);
  if (stats.size !== size || stats.mtimeMs !== mtimeMs || offset !== size) return false;
  const file = await fs.open(moved, 'r');
  try {
    const hash = await hashOf(file, offset);
    return hash !== undefined && digestOf(hash) === digest;
  } finally {
    await file.close();
  }
}

/** Renames the file that was read. A file that took its name since it was looked at has come along then, and goes back. */
async function moveAway(candidate: Candidate, to: string): Promise<void> {
  await fs.rename(candidate.path, to);
  if (sameFile(candidate, candidateOf(to, await fs.stat(to)))) return;
  try {
    // Unlike a rename, a link never takes the place of a file that has come in the meantime.
    await fs.link(to, candidate.path);
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw changed(`a file that came meanwhile is ${to}`);
    await fs.rename(to, candidate.path);
    throw changed();
  }
  await fs.rm(to);
  throw changed();
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

function changed(more?: string): StreamjobError {
  return unreadable(
    `it was changed or replaced while it was read; its events up to then are delivered${more === undefined ? '' : ` and ${more}`}. Move files into the directory only when they are complete`,
  );
}

function nameUsed(where: string): StreamjobError {
  return unreadable(`its name was used before: ${where}. Its events are delivered; give every file a name of its own`);
}

function unreadable(message: string): StreamjobError {
  return new StreamjobError('EVENT_UNREADABLE', message);
}
