/** Directories that tests have for themselves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A new directory, removed when the test ends. */
export function ownDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
