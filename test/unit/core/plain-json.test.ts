/** Values for people: what JSON cannot have becomes a text, nothing throws, and long ones are cut. */
import { expect, test } from 'vitest';
import { jsonOf, shown } from '../../../src/core/plain-json.ts';

const event = (body: Uint8Array) => ({ headers: { host: 'web1' }, body, text: () => '', timestamp: 5 });

test.each<[string, unknown, unknown]>([
  ['a bigint', 12n, '12'],
  ['a number that is none', Number.NaN, 'NaN'],
  ['infinity', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['undefined', undefined, null],
  ['null', null, null],
  ['a symbol', Symbol('x'), 'Symbol(x)'],
  ['bytes', Uint8Array.of(1, 2), 'AQI='],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['a date that is none', new Date(Number.NaN), 'Invalid Date'],
  ['a map', new Map([['a', 1n]]), [['a', '1']]],
  ['a set in an object', { tags: new Set(['a']) }, { tags: ['a'] }],
  ['nothing in an array', [undefined, 1], [null, 1]],
  ['an event with text', event(Buffer.from('héllo')), { headers: { host: 'web1' }, body: 'héllo' }],
  ['an event with a byte order mark', event(Buffer.from('\uFEFFa')), { headers: { host: 'web1' }, body: '\uFEFFa' }],
  ['an event with bytes', event(Uint8Array.of(0xff)), { headers: { host: 'web1' }, bodyBase64: '/w==' }],
])('%s', (_, value, expected) => {
  expect(jsonOf(value)).toEqual(expected);
  expect(JSON.parse(JSON.stringify(jsonOf(value)))).toEqual(expected);
});

test('what refers to itself comes to an end', () => {
  const round: Record<string, unknown> = { n: 1 };
  round['self'] = round;
  expect(JSON.stringify(jsonOf(round))).toContain('"n":1');
  // By as many ways as there are: 3 to the power of how deep one looks.
  const rounds: unknown[] = [];
  rounds.push(rounds, rounds, rounds);
  expect(jsonOf(rounds)).toEqual(['[Circular]', '[Circular]', '[Circular]']);
});

test('what is in a value by many ways comes to an end', () => {
  let value: unknown = 1;
  for (let i = 0; i < 60; i++) value = [value, value, value];
  expect(shown(value)).toMatch(/^\[\[\[.*characters\)$/);
  expect(JSON.stringify(jsonOf(value)).length).toBeLessThan(20_000_000);
});

test('a value that throws costs itself, and nothing beside it', () => {
  const proxy = new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('no');
      },
    },
  );
  expect(jsonOf({ proxy, n: 1, list: [proxy, 2] })).toEqual({
    proxy: '… (reading it threw)',
    n: 1,
    list: ['… (reading it threw)', 2],
  });
});

test('a value is shown on one line, cut where it is long', () => {
  expect(shown({ a: [1, 'x\ny'] })).toBe('{"a":[1,"x\\ny"]}');
  expect(shown(undefined)).toBe('null');
  const long = shown('x'.repeat(500));
  expect(long).toBe(`"${'x'.repeat(199)}… (502 characters)`);
});

test('a value whose properties throw is shown all the same', () => {
  const angry = {
    get a(): never {
      throw new Error('no');
    },
  };
  expect(shown(angry)).toContain('a');
});
