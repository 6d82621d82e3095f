/** What a case of the benchmark is, and what it is given. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Part } from '../../interop/kit/places.ts';
import { repository } from '../../interop/kit/places.ts';
import type { Lengths } from './phase.ts';
import type { CaseResult } from './results.ts';

/** How long and how often. */
export interface Plan extends Lengths {
  readonly pairs: number;
}

/** A case: one file in cases/. */
export interface Case {
  /** How it is asked for. */
  readonly id: string;
  /** Letters that ask for it as one of several. */
  readonly group: string;
  /** Which real peers it needs. */
  readonly needs: readonly Part[];
  run(plan: Plan): Promise<CaseResult>;
}

/** Runs `use` with a directory that is there for it alone. On the disk of the repository: /tmp may be memory. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const parent = path.join(repository, '.tmp');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(path.join(parent, 'bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
