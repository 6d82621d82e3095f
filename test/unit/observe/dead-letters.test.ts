/** Dead letters as the page has them: by error, the newest first, with their events, and bounded. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDeadLetters } from '../../../src/observe/dead-letters.ts';
import { REDACTED, Redaction, type RedactionOptions } from '../../../src/observe/redaction.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { Rig } from './rig.ts';

const DEAD_LETTERS = '/api/v1/applications/job/deadletters';
const value = (time: number, text: string) => ({ time, headers: null, text, hex: null, bytes: null, isCut: false });

describe('the dead letters of a job', () => {
  it('are told by error, the newest first, with their values', async () => {
    const deadLetterFile = path.join(ownDirectory(), 'dead.jsonl');
    const rig = await Rig.start(
      (numbers) =>
        numbers
          .map((n) => {
            if (n > 1) throw Object.assign(new Error(n > 2 ? 'too large' : 'even'), n > 2 ? { code: 'TOO_LARGE' } : {});
            return n;
          })
          .count()
          .print(),
      { onPoison: 'skip', deadLetterFile },
    );
    expect(await rig.json(DEAD_LETTERS)).toEqual({ file: deadLetterFile, isCut: false, groups: [] });
    await rig.batch(1, 2, 3);
    await rig.batch(4, 5, 6);
    fs.appendFileSync(deadLetterFile, '{"time":');
    const site = expect.stringMatching(/dead-letters\.test\.ts:\d+/);
    const id = expect.stringMatching(/^[0-9a-f]{12}$/);
    const large = { id, operator: 'map', site, code: 'TOO_LARGE', message: 'too large' };
    const even = { id, operator: 'map', site, code: null, message: 'even' };
    expect(await rig.json(DEAD_LETTERS)).toEqual({
      file: deadLetterFile,
      isCut: false,
      groups: [
        {
          ...{ ...large, values: 4, firstTime: 1000, lastTime: 2000 },
          examples: [value(2000, '6'), value(2000, '5'), value(2000, '4')],
        },
        { ...even, values: 1, firstTime: 1000, lastTime: 1000, examples: [value(1000, '2')] },
      ],
    });
  });

  it('of former runs are told, too, and none of a job whose batches fail instead', async () => {
    const deadLetterFile = path.join(ownDirectory(), 'dead.jsonl');
    fs.writeFileSync(
      deadLetterFile,
      `${JSON.stringify({ time: 5, operator: 'map', error: { message: 'no' }, event: 1 })}\n`,
    );
    const skipping = await Rig.start((numbers) => numbers.print(), { onPoison: 'skip', deadLetterFile });
    expect(await skipping.json(DEAD_LETTERS)).toMatchObject({ groups: [{ message: 'no', values: 1, site: null }] });
    const failing = await Rig.start((numbers) => numbers.print(), { deadLetterFile });
    expect(await failing.json(DEAD_LETTERS)).toEqual({ file: null, isCut: false, groups: [] });
  });
});

describe('a value that cannot be read', () => {
  it('is a dead letter, too, and keeps no batch from its commit', async () => {
    const deadLetterFile = path.join(ownDirectory(), 'dead.jsonl');
    const rig = await Rig.start(
      (numbers) =>
        numbers
          .map((n) => ({
            n,
            get later(): never {
              throw new Error('not now');
            },
          }))
          .map(({ later }) => later)
          .print(),
      { onPoison: 'skip', deadLetterFile },
    );
    await rig.batch(1);
    const { groups } = (await rig.json(DEAD_LETTERS)) as {
      readonly groups: readonly { readonly examples: object[] }[];
    };
    expect(groups.map(({ examples }) => examples[0])).toEqual([value(1000, '{"n":1,"later":"… (reading it threw)"}')]);
  });
});

describe('what is read of a file', () => {
  function fileOf(...lines: readonly unknown[]): string {
    const file = path.join(ownDirectory(), 'dead.jsonl');
    fs.writeFileSync(file, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
    return file;
  }
  const letter = (event: unknown, message = 'no') => ({ time: 7, operator: 'map', error: { message }, event });

  it('shows events with their headers and their body: as text, or as its bytes', async () => {
    const text = letter({ headers: { host: 'a', '<b>': '</script>' }, body: 'a naïve line' });
    const bytes = letter({ headers: {}, bodyBase64: Buffer.from([0, 255, 16]).toString('base64') });
    const { groups } = await readDeadLetters(fileOf(text, bytes));
    expect(groups[0]?.examples).toEqual([
      { time: 7, headers: {}, text: null, hex: '00ff10', bytes: 3, isCut: false },
      { time: 7, headers: { host: 'a', '<b>': '</script>' }, text: 'a naïve line', hex: null, bytes: 13, isCut: false },
    ]);
  });

  it('cuts what is long, and says so', async () => {
    const long = 'x'.repeat(5000);
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`h${i}`, long]));
    const { groups } = await readDeadLetters(
      fileOf(
        letter({ headers, body: long }, long),
        letter({ headers: {}, bodyBase64: Buffer.alloc(5000).toString('base64') }, 'bytes'),
        letter(long, 'value'),
      ),
    );
    const [value, bytes, event] = groups.map(({ examples }) => examples[0]);
    expect(groups.at(-1)?.message.length).toBe(2001);
    expect([value?.isCut, value?.text?.length]).toEqual([true, 2001]);
    expect([bytes?.isCut, bytes?.hex?.length, bytes?.bytes]).toEqual([true, 1024, 5000]);
    expect([event?.isCut, event?.text?.length, event?.bytes]).toEqual([true, 2001, 5000]);
    expect([Object.keys(event?.headers ?? {}).length, event?.headers?.['h0']?.length]).toEqual([30, 301]);
  });

  it('is bounded: groups, and the end of a long file', async () => {
    const many = Array.from({ length: 300 }, (_, i) => letter(i, `error ${i}`));
    const { groups, isCut } = await readDeadLetters(fileOf(...many));
    expect([groups.length, groups[0]?.message, isCut]).toEqual([200, 'error 299', true]);
    const lines = Array.from({ length: 3000 }, (_, i) => letter('x'.repeat(1000), i < 10 ? 'old' : 'new'));
    const long = await readDeadLetters(fileOf(...lines));
    expect([long.isCut, long.groups.map(({ message }) => message)]).toEqual([true, ['new']]);
    expect(long.groups[0]?.values).toBeLessThan(1100);
  });

  it('leaves out what is not to be seen: by a pattern, by names, or all values', async () => {
    const file = fileOf(
      letter({ headers: { card: '4711', host: 'a' }, body: 'pays with 4711' }, 'no 4711'),
      letter(
        { headers: { card: '4711' }, bodyBase64: Buffer.from('4711\u00ff', 'latin1').toString('base64') },
        'bytes',
      ),
    );
    const read = async (options: RedactionOptions) =>
      (await readDeadLetters(file, new Redaction(options))).groups.map(({ examples, message }) => [
        message,
        examples[0],
      ]);
    expect(await read({ names: [], pattern: /4711/, showsValues: true })).toMatchObject([
      ['bytes', { headers: { card: REDACTED }, text: '(bytes that are no text)', hex: null, bytes: 5 }],
      [`no ${REDACTED}`, { headers: { card: REDACTED, host: 'a' }, text: `pays with ${REDACTED}`, bytes: 14 }],
    ]);
    expect(await read({ names: ['card', 'bodyBase64'], showsValues: true })).toMatchObject([
      ['bytes', { headers: { card: REDACTED }, text: REDACTED, hex: null }],
      ['no 4711', { headers: { card: REDACTED, host: 'a' }, text: 'pays with 4711' }],
    ]);
    const none = JSON.stringify(await read({ names: [], showsValues: false }));
    expect([none.includes('pays'), none.includes('card')]).toEqual([false, false]);
  });

  it('leaves out what is no letter', async () => {
    const { groups } = await readDeadLetters(fileOf('{"time":', 'null', '{"time":"x"}', letter(null)));
    expect(groups.map(({ values }) => values)).toEqual([1]);
  });
});
