/** Every entry of a registry with its fixture: a type that nobody has written a fixture for fails, instead of not being tested. */
import { describe, expect, it } from 'vitest';
import type { ContractTest } from '../../../../src/agent/contracts/contract.ts';
import type { Named, Registry } from '../../../../src/core/registry.ts';

/** Gives the tests of a contract to the runner. */
export function runContract(tests: readonly ContractTest[]): void {
  for (const { name, run } of tests) it(name, run);
}

/** Calls `suite` for every type of the registry. */
export function forEveryEntry<T extends Named, F>(
  registry: Registry<T>,
  fixtures: Readonly<Record<string, F>>,
  suite: (type: T, fixture: F) => void,
): void {
  it(`every ${registry.kind} has a fixture, and every fixture is of a ${registry.kind} that there is`, () => {
    expect(Object.keys(fixtures).sort()).toEqual([...registry.names].sort());
  });
  for (const name of registry.names) {
    const fixture = fixtures[name];
    if (fixture !== undefined) describe(`${registry.kind} ${name}`, () => suite(registry.get(name), fixture));
  }
}
