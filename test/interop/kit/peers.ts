/** Suites that need the real peers. */
import { beforeEach, describe, inject } from 'vitest';
import type { Part } from './places.ts';

export { confDirectory, missingTools, type Part, parts, peersDirectory, repository } from './places.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Why a part cannot be had on this machine. */
    missing: Partial<Record<Part, string>>;
  }
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
