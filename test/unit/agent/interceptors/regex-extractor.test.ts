/** The regex_extractor interceptor: headers from groups, times among them, and what its list of serializers may say. */
import { describe, expect, it } from 'vitest';
import { jodaReader } from '../../../../src/agent/component/time/joda.ts';
import { regexExtractor } from '../../../../src/agent/interceptors/regex-extractor.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import type { Logger } from '../../../../src/core/log.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured } from '../channels/make.ts';
import { event } from '../channels/use.ts';

const MILLIS = 'org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer';

function extract(properties: Record<string, string>, body: string, log: Logger = silentLogger) {
  const intercept = configured(regexExtractor, properties, { clock: new ManualClock(0), log });
  return intercept(event(body, { kept: '1' }))?.headers;
}

describe('regex_extractor', () => {
  it('sets a header for each group, by the order of the list, and leaves out what is not there', () => {
    const properties = {
      regex: '(\\w+)=(\\d+)?(;)?',
      serializers: 'a b c d',
      'serializers.a.name': 'key',
      'serializers.b.name': 'value',
      'serializers.c.name': 'kept',
      'serializers.d.name': 'more',
    };
    expect(extract(properties, 'x=5;')).toEqual({ key: 'x', value: '5', kept: ';' });
    expect(extract(properties, 'x=')).toEqual({ key: 'x', kept: '1' });
    expect(extract(properties, 'nothing')).toEqual({ kept: '1' });
    expect(extract({ ...properties, serializers: 'b' }, 'x=5')).toEqual({ value: 'x', kept: '1' });
  });

  it('tells once that a time is not written as the pattern says, and sets no header', () => {
    const told: unknown[] = [];
    const log = { ...silentLogger, warn: (_fields: object, message: string) => told.push(message) } as Logger;
    const properties = {
      regex: '^(.*)$',
      serializers: 's1',
      'serializers.s1.type': MILLIS,
      'serializers.s1.name': 'timestamp',
      'serializers.s1.pattern': 'yyyy-MM-dd HH:mm:ss Z',
    };
    expect(extract(properties, '1970-01-01 01:00:01 +0100', log)).toEqual({ kept: '1', timestamp: '1000' });
    const intercept = configured(regexExtractor, properties, { clock: new ManualClock(0), log });
    for (const body of ['yesterday', 'today']) expect(intercept(event(body))?.headers).toEqual({});
    expect(told).toEqual(['regex_extractor: serializer s1 cannot read what its group found, timestamp is not set']);
  });

  it.each([
    [{ regex: '(.)' }, 'serializers names no group serializer'],
    [{ regex: '(.)', serializers: 's1' }, 'group serializer s1 of regex_extractor x: the property name is missing'],
    [
      { regex: '(.)', serializers: 's1', 'serializers.s1.name': 'a', 'serializers.s1.type': 'default' },
      'unknown type default, expected one of DEFAULT',
    ],
    [
      { regex: '(.)', serializers: 's1', 'serializers.s1.name': 'a', 'serializers.s1.type': MILLIS },
      'the property pattern is missing',
    ],
    [
      {
        regex: '(.)',
        serializers: 's1',
        'serializers.s1.name': 'a',
        'serializers.s1.type': MILLIS,
        'serializers.s1.pattern': 'yyyy kk',
      },
      'k stands for hours from 1 to 24',
    ],
  ])('refuses %j', (properties, reason) => {
    expect(() => extract(properties as unknown as Record<string, string>, 'x')).toThrow(reason);
  });
});

describe("patterns of Joda-Time's", () => {
  it.each([
    ['yyyyMMddHHmmss Z', '20121017143455 +0000', '2012-10-17T14:34:55Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSZZ", '2012-10-17T14:34:00.123+02:00', '2012-10-17T12:34:00.123Z'],
    ['yyyy-MM-dd HH:mm:ss,SSS Z', '2012-01-07 00:00:00,5 +0000', '2012-01-07T00:00:00.5Z'],
    ['EEE MMM d HH:mm:ss Z yyyy', 'Wed Oct 17 14:34:00 -0100 2012', '2012-10-17T15:34:00Z'],
    ["hh 'o''clock' a yyyy-M-d ZZZ", "11 o'clock PM 2012-1-2 Europe/Berlin", '2012-01-02T22:00:00Z'],
    ['yyyy-DDD Z', '2012-060 +0000', '2012-02-29T00:00:00Z'],
  ])('%s reads %s', (pattern, text, time) => {
    expect(jodaReader(pattern)(text)).toBe(Date.parse(time));
  });

  it.each([
    ['yyyy-MM-dd', '2012-13-17'],
    ['yyyy-MM-dd', '2012-12-17 more'],
    ['yyyy.MM.dd', '2012x01x07'],
  ])('%s does not read %s', (pattern, text) => {
    expect(jodaReader(pattern)(text)).toBeUndefined();
  });

  it.each([
    ["'x", 'a quote is not closed'],
    ['ABC', 'A has no meaning'],
    ['', 'is empty'],
  ])('%s is refused', (pattern, reason) => {
    expect(() => jodaReader(pattern)).toThrow(reason);
  });
});
