/** The load_balancing selector: one channel for each event, in turn or at random. */
import { expect, it } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { loadBalancing } from '../../../../src/agent/selectors/load-balancing.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { event } from '../channels/use.ts';

const channels = new Map(['c1', 'c2', 'c3'].map((name) => [name, makeChannel(memory, {})]));

function chosen(properties: Record<string, string>, events: number): string[] {
  const select = configured(loadBalancing, properties, { channels });
  return Array.from({ length: events }, () => {
    const { optional, required } = select(event('x'));
    expect([required.length, optional]).toEqual([1, []]);
    return [...channels].find(([, channel]) => channel === required[0])?.[0] ?? '';
  });
}

it('takes the channels in turn', () => {
  expect(chosen({}, 7)).toEqual(['c1', 'c2', 'c3', 'c1', 'c2', 'c3', 'c1']);
});

it('takes them at random', () => {
  const of = chosen({ policy: 'RANDOM' }, 300);
  for (const name of channels.keys()) expect(of.filter((each) => each === name).length).toBeGreaterThan(50);
});

it('refuses another policy', () => {
  expect(() => chosen({ policy: 'least' }, 1)).toThrow('expected one of round_robin, random');
});
