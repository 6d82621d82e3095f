/** What is not to be seen of values, in every form in which values reach the page: nested, cut, as JSON, in messages, in lines of the log. */
import { describe, expect, it } from 'vitest';
import { boundedJson } from '../../../src/core/bounded-json.ts';
import { errorLine, StreamjobError } from '../../../src/core/errors.ts';
import { SKIP_HINT, userError } from '../../../src/graph/functions.ts';
import { LogTail } from '../../../src/observe/log-tail.ts';
import { Redaction } from '../../../src/observe/redaction.ts';
import { until } from '../../kit/until.ts';
import { Rig } from './rig.ts';

const APPLICATION = '/api/v1/applications/job';
const byName = new Redaction({ names: ['Card', 'body'], showsValues: true });
const byPattern = new Redaction({ names: [], pattern: /secret-\d+/u, showsValues: true });
const nothing = new Redaction({ names: [], showsValues: false });

describe('a name', () => {
  it.each([
    ['a field', { CARD: 'secret' }],
    ['a field of a field', { a: [{ b: { card: { n: 'secret' } } }] }],
    ['an entry of a Map', new Map([['card', 'secret']])],
    ['a pair', [['card', 'secret']]],
    ['JSON as a text', '{"card":"secret"}'],
    ['JSON in JSON', JSON.stringify({ a: JSON.stringify({ card: 'secret' }) })],
    ['JSON whose names are escaped', '{"c\\u0061rd":"secret"}'],
    ['JSON that is cut', `{"a":1,"card" : "secret${'x'.repeat(9000)}"}`],
    ['JSON that is cut, whose names are escaped', `{"c\\u0061rd":"secret${'x'.repeat(9000)}"}`],
    ['lines of JSON', '{"card":"secret"}\n{"card":"secret"}'],
    ['JSON of great depth', `${'['.repeat(2000)}{"card":"secret"}${']'.repeat(2000)}`],
    ['a body that is no text', { bodyBase64: 'secret' }],
  ])('hides the value of %s', (_, value) => {
    expect(JSON.stringify(byName.shown(boundedJson(value)))).not.toContain('secret');
  });

  it('leaves texts as they are that have no such field', () => {
    const texts = ['[INFO] card: none', '{"a": 1.50}', '{ not JSON: "card" }', 'card', '[1, 2'];
    expect(texts.map((text) => byName.of(text))).toEqual(texts);
  });

  it('hides the state of a key that has it', () => {
    expect([byName.hides('CARD'), byName.hides('other'), byName.hides(1)]).toEqual([true, false, false]);
  });
});

describe('a pattern', () => {
  it('hides what a value was cut within, however much shorter the text before has become', () => {
    const cut = `${`secret-${'1'.repeat(33)} `.repeat(99)}${'x'.repeat(32)}secret-12345678`;
    expect(cut.indexOf('secret-12345678')).toBeLessThan(4096);
    expect(cut.length).toBeGreaterThan(4096);
    const shown = String(
      new Redaction({ names: [], pattern: /secret-\d{8,}/u, showsValues: true }).of(boundedJson(cut)),
    );
    expect(shown.replaceAll('(redacted)', '')).not.toContain('secret');
  });

  it('finds in a body of long characters what is shown of it', () => {
    const body = Buffer.from(`${'漢'.repeat(1362)}secret-123456789`);
    expect(String(byPattern.of(boundedJson(body)))).toBe(`${'漢'.repeat(1362)}(redacted)`);
  });

  it('hides a value that a message has the beginning of', () => {
    const value = `${'x'.repeat(192)}secret-12345678`;
    const message = userError(new Error('no'), { name: 'map' }, { value }).message;
    expect(message).toContain('xsecret');
    expect(byPattern.ofMessage(message)).toBe('the function of map threw: no (on (redacted))');
  });
});

describe('a message', () => {
  const operator = { name: 'map', site: 'job.ts:7:3' };
  const error = userError(
    Object.assign(new Error('no'), { stack: '' }),
    operator,
    { value: { card: 'secret), at x' } },
    SKIP_HINT,
  );

  it('in a line of the log has no value of a name, but its place', () => {
    const shown = byName.ofMessage(`batch 1 failed: ${errorLine(error)}`);
    expect(shown).toBe(`batch 1 failed: the function of map threw: no (on (redacted)), at job.ts:7:3; ${SKIP_HINT}`);
  });

  it('has none either where the value looks like the end of a line of the log', () => {
    const { message } = userError(new Error('no'), operator, { value: 'a), at x:1; secret' });
    expect(byName.ofMessage(message)).toBe('the function of map threw: no (on (redacted))');
    expect(byName.ofMessage(`failed: ${message}, at map`)).toBe(
      'failed: the function of map threw: no (on (redacted)), at map',
    );
  });

  it('that is cut within the value has none of it', () => {
    const line = `${'E'.repeat(1900)} (on {"card":"secret), at x:1…`;
    expect(byName.ofMessage(line)).not.toContain('secret');
  });

  it('has nothing of what a function said, where values are not shown', () => {
    // V8 cites the text.
    const thrown = userError(new SyntaxError('Unexpected token, "secret" is not valid JSON'), operator, {
      value: 'secret',
    });
    expect(nothing.ofMessage(thrown.message)).toBe('the function of map threw: (redacted)');
    expect(nothing.ofMessage(`batch 1 failed: ${errorLine(thrown)}`)).toBe(
      'batch 1 failed: the function of map threw: (redacted)',
    );
    expect(nothing.ofThrown('Unexpected token, "secret"')).toBe('(redacted)');
    expect(nothing.ofMessage('the port is in use')).toBe('the port is in use');
  });

  it('is short', () => {
    expect(byPattern.ofMessage('x'.repeat(1e6)).length).toBeLessThan(2100);
  });
});

describe('the page', () => {
  it('hides by a pattern where a line of the log is cut, and in hints', async () => {
    const tail = new LogTail({ now: () => 0 });
    const rig = await Rig.start(
      (numbers) => {
        numbers.foreachRDD(async (rdd) => {
          if ((await rdd.count()) > 0) throw new StreamjobError('FILE_ACCESS', 'no', { hint: 'leave secret-1 out' });
        });
      },
      { redaction: byPattern, tail },
    );
    rig.push([1]);
    rig.clock.advance(1000);
    await until(() => rig.observer.history.batch(1000)?.failures.length === 1);
    const batch = await rig.json(`${APPLICATION}/batches/1000`);
    expect(JSON.stringify(batch)).toContain('leave (redacted) out');
    const log = tail.over({ debug() {}, info() {}, warn() {}, error() {}, child: () => log });
    log.warn({}, `${'x'.repeat(1995)}secret-123456789`);
    expect(JSON.stringify(await rig.json(`${APPLICATION}/log`))).not.toContain('secr');
  });
});

describe('a value for people', () => {
  it('that throws costs itself, and nothing beside it', () => {
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf: () => {
          throw new Error('no');
        },
      },
    );
    expect(boundedJson([1, hostile, { a: hostile }])).toEqual([
      1,
      '… (reading it threw)',
      { a: '… (reading it threw)' },
    ]);
  });

  it('of many numbers is shown by its first', () => {
    const shown = boundedJson(new Float64Array(1_000_000)) as unknown[];
    expect([shown.length, shown.at(-1)]).toEqual([51, '… 999950 more']);
  });
});
