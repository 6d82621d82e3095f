/** What variables in the values of a flume.conf promise. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { formatDate } from '../../../../src/agent/conf/date-format.ts';
import { readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';
import type { Surroundings } from '../../../../src/agent/conf/lookups.ts';
import { parseProperties } from '../../../../src/agent/conf/properties.ts';
import { type Substituted, substitute } from '../../../../src/agent/conf/substitute.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';

const all = (text: string, given: Partial<Surroundings> = {}): [string, Substituted][] => [
  ...substitute(parseProperties(text).entries, { env: {}, ...given }).values,
];

const resolve = (text: string, given: Partial<Surroundings> = {}): Record<string, string> =>
  Object.fromEntries(all(text, given).map(([key, { value }]) => [key, value]));

/** What is told of each key: what stays as it is, and errors. */
const told = (text: string): Record<string, string[]> =>
  Object.fromEntries(
    all(text).map(([key, { unresolved, errors }]) => [key, [...unresolved.map(({ reason }) => reason), ...errors]]),
  );

describe('substitution', () => {
  it('resolves the environment, defaults, nested names and escapes', () => {
    const text = 'a=${env:X}\nb=${env:Y:-d}\nc=${env:${W}}\nW=X\nd=$${env:X}\ne=${env:Y:-${env:X}}\nf=${ENV:X}';
    const expected = { a: '1', b: 'd', c: '1', d: '${env:X}', e: '1', f: '1' };
    expect(resolve(text, { env: { X: '1' } })).toMatchObject(expected);
  });

  it('resolves other properties whatever their order and names', () => {
    expect(resolve('zzz=${x}/3\nx=${my.prop}/2\nmy.prop=1')).toEqual({ zzz: '1/2/3', x: '1/2', 'my.prop': '1' });
  });

  it('resolves what -D says, and what every Java has by itself', () => {
    const system = { env: 'DEV', 'user.name': 'flume' };
    expect(resolve('a=${sys:env}\nb=${sys:user.name}\nc=${sys:user.home}\nd=${sys:no:-x}', { system })).toEqual({
      a: 'DEV',
      b: 'flume',
      c: os.homedir(),
      d: 'x',
    });
  });

  it('leaves what cannot be resolved as it is, and says why', () => {
    const text = 'a=1${env:NO}2\nb=${no}\nd=${sys:no}\ne=${x\nf=${java:colour}\ng=${toString}\nh=${sys:toString}';
    const asWritten = [...parseProperties(text).entries].map(([key, { value }]) => [key, value]);
    expect(resolve(text)).toEqual(Object.fromEntries(asWritten));
    expect(told(text)).toEqual({
      a: ['the environment variable NO is not set'],
      b: ['there is no property no'],
      d: ['there is no system property no, which -Dno=VALUE sets'],
      e: ['its } is missing'],
      f: ['expected java:os, java:hardware, java:locale'],
      g: ['there is no property toString'],
      h: ['there is no system property toString, which -DtoString=VALUE sets'],
    });
  });

  it('refuses circles, and what only a Java could say, unless there is a default', () => {
    expect(told('c=${d}\nd=${c}\ne=${java:version}\nf=${java:version:-none}')).toEqual({
      c: ['${c} refers to itself: c -> d -> c'],
      d: ['${d} refers to itself: d -> c -> d'],
      e: [expect.stringMatching(/^\$\{java:version\} is refused: this is Node\.js v[\d.]+: there is no Java here$/)],
      f: [],
    });
  });

  it('says what the machine is', () => {
    expect(resolve('a=${java:os}\nb=${java:hardware}')).toEqual({
      a: expect.stringContaining(os.release()),
      b: expect.stringMatching(/^processors: \d+, architecture: /),
    });
  });

  it('is told with its line, once, and not for other agents', () => {
    const text =
      'a1.sources = r1\n\na1.sources.r1.x = ${no}\nb1.sources.r1.x = ${no}\nPORT = 1\na1.sources.r1.y = ${PORT}';
    const { problems } = readFlumeConfs([{ file: 'f', text }], 'a1', { env: {} });
    const lines = problems.warnings.map((warning) => problems.format(warning));
    expect(lines.filter((line) => line.includes('resolved') || line.includes('PORT'))).toEqual([
      'f:3: a1.sources.r1.x: ${no} cannot be resolved and stays as it is: there is no property no',
    ]);
  });
});

describe('dates', () => {
  // A Saturday. The parts are read back in the same time zone, whatever it is.
  const time = new Date(2024, 1, 3, 4, 5, 6, 7).getTime();
  const at = (pattern: string): string => {
    const made = formatDate(pattern, time);
    return 'text' in made ? made.text : `?${made.unknown}`;
  };

  it('are written as SimpleDateFormat does', () => {
    expect(at("yyyy-MM-dd'T'HH:mm:ss.SSS")).toBe('2024-02-03T04:05:06.007');
    expect(at('yy MMM MMMM EEE EEEE d D H h a k K u')).toBe('24 Feb February Sat Saturday 3 34 4 4 AM 4 4 6');
    expect(at("'o''clock' h ''")).toBe("o'clock 4 '");
    expect(at('Z X XXX')).toMatch(/^[+-]\d{4} (?:Z|[+-]\d\d) (?:Z|[+-]\d\d:\d\d)$/);
    expect(at('yyyy ww')).toBe('?w');
  });

  it('are of the time at which the file is read', () => {
    const back = replaceMachine({ ...realMachine, wallMs: () => time });
    try {
      expect(resolve('a=${date:yyyyMMdd}-x')).toEqual({ a: '20240203-x' });
      expect(told('a=${date:yyyy ww}')).toEqual({ a: [expect.stringContaining('the letter w of the date format')] });
    } finally {
      back();
    }
  });
});
