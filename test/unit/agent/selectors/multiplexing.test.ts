/** Where the multiplexing selector sends an event. */
import { expect, it } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { multiplexing } from '../../../../src/agent/selectors/multiplexing.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { event } from '../channels/use.ts';

const channels = new Map(['c1', 'c2', 'c3'].map((name) => [name, makeChannel(memory, {})]));

function chosen(properties: Record<string, string>, headers: Record<string, string>) {
  const { optional, required } = configured(multiplexing, properties, { channels })(event('x', headers));
  const namesOf = (of: readonly unknown[]): string[] =>
    [...channels].filter(([, channel]) => of.includes(channel)).map(([name]) => name);
  return [namesOf(required), namesOf(optional)];
}

const MAPPED = { header: 'h', 'mapping.a': 'c1 c2', 'mapping.b': 'c3', 'optional.a': 'c2 c3', 'optional.z': 'c1' };

it.each([
  ['a value that is mapped', { h: 'a' }, [['c1', 'c2'], ['c3']]],
  ['another one', { h: 'b' }, [['c3'], []]],
  ['a value that only has optional channels', { h: 'z' }, [[], ['c1']]],
  ['a value that is not mapped: it is dropped', { h: 'x' }, [[], []]],
  ['no such header: it is dropped', { other: 'a' }, [[], []]],
])('an event with %s', (_, headers, expected) => {
  expect(chosen(MAPPED, headers as unknown as Record<string, string>)).toEqual(expected);
});

it('what is mapped nowhere goes to the default channels, which optional ones are added to', () => {
  const properties = { ...MAPPED, default: 'c2' };
  expect(chosen(properties, { h: 'x' })).toEqual([['c2'], []]);
  expect(chosen(properties, {})).toEqual([['c2'], []]);
  expect(chosen(properties, { h: 'z' })).toEqual([['c2'], ['c1']]);
});

it('the header has a name of its own unless the file says another', () => {
  expect(chosen({ 'mapping.a': 'c1' }, { 'flume.selector.header': 'a' })).toEqual([['c1'], []]);
});
