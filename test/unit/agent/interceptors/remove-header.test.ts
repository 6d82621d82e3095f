/** What the remove_header interceptor removes and what it leaves. */
import { expect, it } from 'vitest';
import { removeHeader } from '../../../../src/agent/interceptors/remove-header.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured } from '../channels/make.ts';
import { event } from '../channels/use.ts';

const kept = (properties: Record<string, string>, ...names: string[]): string[] => {
  const intercept = configured(removeHeader, properties, { clock: new ManualClock(0), log: silentLogger });
  const made = intercept(event('x', Object.fromEntries(names.map((name) => [name, '1']))));
  return Object.keys(made?.headers ?? {});
};

it('remove_header removes a header by its name', () => {
  expect(kept({ withName: 'a' }, 'a', 'ab', 'A')).toEqual(['ab', 'A']);
});

it('remove_header removes those of a list, by the separator that is given', () => {
  expect(kept({ fromList: 'a , b' }, 'a', 'b', 'c')).toEqual(['c']);
  expect(kept({ fromList: 'a;b', fromListSeparator: ';' }, 'a', 'b', 'c')).toEqual(['c']);
});

it('remove_header removes those whose whole name fits the pattern', () => {
  expect(kept({ matching: 'x-.*|y' }, 'x-1', 'ax-1', 'y', 'yy')).toEqual(['ax-1', 'yy']);
  expect(kept({ matching: 'b', withName: 'a' }, 'a', 'b', 'c')).toEqual(['c']);
});

it('remove_header leaves an event alone that has none of them, and all when nothing is given', () => {
  const one = event('x', { a: '1' });
  const intercept = configured(removeHeader, { withName: 'b' }, { clock: new ManualClock(0), log: silentLogger });
  expect(intercept(one)).toBe(one);
  expect(kept({}, 'a', '')).toEqual(['a', '']);
});
