/** Where the real peers are, and what this machine lacks for them. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, inject } from 'vitest';

export const repository: string = fileURLToPath(new URL('../../..', import.meta.url));
export const confDirectory: string = path.join(repository, 'test/interop/conf');
/** Git-ignored; INTEROP_PEERS names another directory, e.g. one that several clones share. */
export const peersDirectory: string = path.resolve(process.env['INTEROP_PEERS'] ?? path.join(repository, '.peers'));

/** The parts that fetch.sh can bring, and what each needs. */
export type Part = 'flume' | 'spark';
export const parts: readonly Part[] = ['flume', 'spark'];

declare module 'vitest' {
  interface ProvidedContext {
    /** Why a part cannot be had on this machine. */
    missing: Partial<Record<Part, string>>;
  }
}

/** What this machine lacks for a part; undefined: nothing. */
export function missingTools(part: Part): string | undefined {
  const java = Number(/version "(\d+)/.exec(output('java', '-version'))?.[1] ?? 0);
  if (java < 17) return 'no Java 17';
  if (!output('javac', '-version').includes('javac')) return 'no JDK, only a Java runtime';
  if (!output('mvn', '-v').includes('Maven')) return 'no Maven';
  if (part === 'spark' && !output('python3', '-m', 'pip', '--version').includes('pip')) return 'no python3 with pip';
  return undefined;
}

/** A suite that needs parts: skipped by name where they cannot be had, failed under CI, where they must be. */
export function describeWith(needed: readonly Part[], name: string, suite: () => void): void {
  const missing = needed.map((part) => inject('missing')[part]).find((reason) => reason !== undefined);
  describeUnless(missing, name, suite);
}

/** The same for what else a suite needs. @param missing why it cannot be had on this machine; undefined: it can */
export function describeUnless(missing: string | undefined, name: string, suite: () => void): void {
  if (missing === undefined) return void describe(name, suite);
  if (!process.env['CI']) return void describe.skip(`${name} (skipped: ${missing} on this machine)`, suite);
  describe(name, () => {
    beforeEach(() => {
      throw new Error(`${missing} on this machine: under CI tests with real peers are not skipped`);
    });
    suite();
  });
}

function output(command: string, ...args: string[]): string {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1', command, ...args], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
