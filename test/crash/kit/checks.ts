/** What scenarios have in common. */
import { expect } from 'vitest';
import type { Tally } from './outputs.ts';
import type { SceneOptions } from './scene.ts';

/** The combinations that lose nothing while the agent lives. */
export const sure: readonly SceneOptions[] = [
  { level: 'end-to-end', ids: true, receiver: 'push' },
  { level: 'end-to-end', ids: true, receiver: 'pull' },
  { level: 'store-on-failure', ids: true, receiver: 'push' },
  { level: 'store-on-failure', ids: true, receiver: 'pull' },
];

/** The same, of the push receiver. */
export const surePush: readonly SceneOptions[] = sure.filter(({ receiver }) => receiver === 'push');

export function named({ level, ids, receiver, engine }: SceneOptions): string {
  return `${level}${ids ? ' with ids' : ''}, ${receiver}${engine === undefined ? '' : `, ${engine}`}`;
}

/** For `test.each`. */
export function each(list: readonly SceneOptions[]): (readonly [string, SceneOptions])[] {
  return list.map((options) => [named(options), options] as const);
}

/** Nothing is lost, and what has ids is exactly once where that is promised. */
export function expectKept(tally: Tally, { ids }: SceneOptions): void {
  expect(tally.lost).toEqual([]);
  if (!ids) return expect(tally.total).toBeGreaterThanOrEqual(tally.sent);
  expect(tally.duplicatedExactlyOnce).toBe(0);
  expect(tally.missingExactlyOnce).toBe(0);
  expect(tally.total).toBe(tally.distinct);
}

/** Mulberry32, by T. Ettinger: numbers in [0, 1) that follow from the seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
