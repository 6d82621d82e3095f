/** Every entry of a registry with its fixture: a type that nobody has written a fixture for fails, instead of not being tested. */
import { describe, expect, it } from 'vitest';
import type { Named, Registry } from '../../../../src/core/registry.ts';

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

/** Resolves with whether `work` ended within `ms` of real time. */
export async function endsWithin(work: Promise<unknown>, ms = 5000): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
}
