/** Which files of the spooling directory are to be read, and in what order. */

import type { Stats } from 'node:fs';
import path from 'node:path';
import { systemCodeOf } from '../../../core/errors.ts';
import { fs } from '../../../core/machine.ts';

/** A file to read. */
export interface Candidate {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  /** When it was made, in ms since the epoch; 0 where the file system does not know. Tells files apart that have had the same inode. */
  readonly birthtimeMs: number;
}

/** What is looked for. */
export interface ScanRules {
  readonly directory: string;
  readonly recursive: boolean;
  readonly suffix: string;
  readonly include: RegExp;
  readonly ignore: RegExp;
  readonly order: 'oldest' | 'youngest' | 'random';
}

/** The files to read, in order; those that `skip` knows are left out. */
export async function scan(rules: ScanRules, skip: (candidate: Candidate) => boolean): Promise<Candidate[]> {
  const found: Candidate[] = [];
  await collect(rules.directory, rules, skip, found);
  return sorted(found, rules.order);
}

async function collect(
  directory: string,
  rules: ScanRules,
  skip: (candidate: Candidate) => boolean,
  found: Candidate[],
): Promise<void> {
  for (const entry of await fs.readdir(directory, { withFileTypes: true })) {
    const name = entry.name;
    const full = path.join(directory, name);
    if (name.startsWith('.') || matches(rules.ignore, name)) continue;
    if (entry.isDirectory()) {
      if (rules.recursive) await collect(full, rules, skip, found);
      continue;
    }
    if (name.endsWith(rules.suffix) || !matches(rules.include, name)) continue;
    const stats = await statOf(full);
    if (stats === undefined || !stats.isFile()) continue;
    const candidate = candidateOf(full, stats);
    if (!skip(candidate)) found.push(candidate);
  }
}

/** A file with what is known of it now. */
export function candidateOf(file: string, stats: Stats): Candidate {
  const { size, mtimeMs, ino: inode, birthtimeMs } = stats;
  return { path: file, size, mtimeMs, inode, birthtimeMs };
}

/** Whether it is the same file under one name, whatever was written to it in between. */
export function sameFile(a: Candidate, b: Candidate): boolean {
  return a.inode === b.inode && a.birthtimeMs === b.birthtimeMs;
}

/** Whether it is the same file and nothing was written to it in between. */
export function unchanged(a: Candidate, b: Candidate): boolean {
  return sameFile(a, b) && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** Undefined when it went away between listing and looking. */
async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await fs.stat(file);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Java's `matches`: the whole name. */
function matches(pattern: RegExp, name: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(name);
}

function sorted(files: Candidate[], order: ScanRules['order']): Candidate[] {
  if (order === 'random') return files;
  const sign = order === 'oldest' ? 1 : -1;
  const byName = (a: Candidate, b: Candidate): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
  return files.sort((a, b) => sign * (a.mtimeMs - b.mtimeMs) || byName(a, b));
}
