/** Interceptors that look for a pattern in the body: which events pass, and what becomes of the others. */
import { expect, it } from 'vitest';
import { regexFilter } from '../../../../src/agent/interceptors/regex-filter.ts';
import { searchReplace } from '../../../../src/agent/interceptors/search-replace.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured } from '../channels/make.ts';
import { event } from '../channels/use.ts';

const context = { clock: new ManualClock(0), log: silentLogger };

it.each([
  ['false', 'INFO: a', true],
  ['false', 'DEBUG: INFO', false],
  ['true', 'INFO: a', false],
  ['true', 'DEBUG', true],
])('regex_filter, excludeEvents = %s: %s passes: %s', (excludeEvents, body, passes) => {
  const filter = configured(regexFilter, { regex: '^(INFO|WARN)', excludeEvents }, context);
  const one = event(body, { a: '1' });
  expect(filter(one)).toBe(passes ? one : undefined);
});

it('search_replace replaces all that it finds, in the character set that is given, and leaves other events as they are', () => {
  const replace = configured(
    searchReplace,
    { searchPattern: '(\\w+)@', replaceString: '$1 at ', charset: 'ISO-8859-1' },
    context,
  );
  const made = replace({ headers: { a: '1' }, body: Buffer.from('\u00fcx@y z@', 'latin1') });
  expect(made).toEqual({ headers: { a: '1' }, body: Buffer.from('\u00fcx at y z at ', 'latin1') });
  const other = event('nothing of it');
  expect(replace(other)).toBe(other);
});

it('search_replace removes what it finds when it is not told what to put there', () => {
  const remove = configured(searchReplace, { searchPattern: '^<[0-9]+>' }, context);
  expect(Buffer.from(remove(event('<13>Feb  5'))?.body ?? []).toString()).toBe('Feb  5');
});

it.each([
  [{ searchPattern: '' }, 'is empty'],
  [{ searchPattern: '(' }, 'has no )'],
  [{ searchPattern: 'a', replaceString: '$1' }, 'no group 1'],
  [{}, 'searchPattern'],
])('search_replace with %j is refused with the reason', (properties, reason) => {
  expect(() => configured(searchReplace, properties as Record<string, string>, context)).toThrow(reason);
});
