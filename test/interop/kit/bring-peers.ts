/** Before all tests: brings the real peers (nothing, when they are there), and builds the command line that some tests run. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { buildCommandLine } from './build.ts';
import { missingTools, type Part, parts, peersDirectory, repository } from './places.ts';

const run = promisify(execFile);

/** Called by vitest. */
export async function setup(project: TestProject): Promise<void> {
  const brought = await bringPeers(project, parts);
  if (brought) await buildCommandLine();
}

/** Brings parts, and tells the tests which cannot be had. @returns whether there are any @throws when one cannot be fetched */
export async function bringPeers(project: TestProject, asked: readonly Part[]): Promise<boolean> {
  const missing: Partial<Record<Part, string>> = {};
  for (const part of asked) {
    const reason = missingTools(part);
    if (reason === undefined) continue;
    missing[part] = reason;
    process.stderr.write(`tests with ${part}: ${reason} on this machine\n`);
  }
  project.provide('missing', missing);
  const wanted = asked.filter((part) => missing[part] === undefined);
  if (wanted.length === 0) return false;
  process.stderr.write(`real peers (${wanted.join(', ')}) in ${peersDirectory}; the first time brings up to 700 MB\n`);
  await run('bash', [path.join(repository, 'test/interop/peers/fetch.sh'), peersDirectory, ...wanted], {
    maxBuffer: 1 << 26,
  });
  return true;
}
