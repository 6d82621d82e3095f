/** Settings with where their values came from, and what is not shown of them. */
import { describe, expect, it, test } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { LogTail } from '../../../src/observe/log-tail.ts';
import { MASK, masked, shownValue } from '../../../src/observe/secrets.ts';
import { settingsOf } from '../../../src/observe/settings.ts';
import { Rig } from './rig.ts';

const JOB = '/api/v1/applications/job';

describe('the settings of a job', () => {
  it('have where each value came from, and what holds by default', async () => {
    const rig = await Rig.start((numbers) => numbers.print(), {
      run: {
        origins: { parallelism: { from: 'flag', by: '--parallelism' } },
        more: [
          {
            name: 'uiToken',
            value: 'hunter2',
            doc: 'allows changes',
            byDefault: undefined,
            from: 'flag',
            by: '--ui-token',
          },
        ],
      },
    });
    const settings = (await rig.json(`${JOB}/settings`)) as { name: string }[];
    const of = (name: string) => settings.find((setting) => setting.name === name);
    expect(of('parallelism')).toMatchObject({ value: '2', from: 'flag', by: '--parallelism' });
    expect(of('batchInterval')).toMatchObject({ value: '1s', from: 'program', by: null, byDefault: null });
    expect(of('onFailure')).toMatchObject({ value: 'retry', from: 'default', byDefault: 'retry' });
    expect(of('backpressure')).toMatchObject({ value: expect.stringContaining('"minRate"') });
    expect(of('uiToken')).toMatchObject({ value: MASK, from: 'flag', by: '--ui-token' });
    expect(JSON.stringify(settings)).not.toContain('hunter2');
  });

  it('that nobody tells the origin of are defaults, or the program has given them', () => {
    const option = { doc: '', byDefault: 'a' };
    const options = [
      { ...option, name: 'x', value: 'a' },
      { ...option, name: 'y', value: 'b' },
    ];
    expect(settingsOf(options, { origins: {}, more: [] }).map(({ from }) => from)).toEqual(['default', 'program']);
  });
});

test('what a job runs on is told with versions of what is installed', async () => {
  const rig = await Rig.start((numbers) => numbers.print());
  const { packages, runtime } = (await rig.json(`${JOB}/versions`)) as Record<
    string,
    { name: string; version: string }[]
  >;
  expect(runtime).toContainEqual({ name: 'Node.js', version: process.versions.node });
  expect(runtime?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['streamjob', 'V8', 'system', 'architecture']),
  );
  for (const name of ['avsc', 'lmdb', 'rxjs']) {
    expect(packages).toContainEqual({ name, version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  }
});

describe('secrets', () => {
  it.each([
    ['uiToken', 'abc', MASK],
    ['keystore-password', 'abc', MASK],
    ['ssl.keyPassphrase', 'abc', MASK],
    ['aws.secret', 'abc', MASK],
    ['uiToken', '', ''],
    ['tokenizer', 'words', 'words'],
    ['stateCache', '100,000 keys', '100,000 keys'],
    ['endpoint', 'https://me:abc@host/x', `https://me:${MASK}@host/x`],
  ])('of the setting %s = %s are not shown', (name, value, shown) => {
    expect(shownValue(name, value)).toBe(shown);
  });

  it.each([
    ['password=abc, user=me', `password=${MASK}, user=me`],
    ['{"secret": "abc"}', `{"secret": "${MASK}"}`],
    ['--ui-token hunter2 was given', `--ui-token ${MASK} was given`],
    ['Authorization: Bearer abc.def-123', `Authorization: Bearer ${MASK}`],
    ['mongodb://me:abc@host', `mongodb://me:${MASK}@host`],
    ['the token is missing or wrong', 'the token is missing or wrong'],
    ['batch 1000: 3 values were left out', 'batch 1000: 3 values were left out'],
  ])('of the line %s are not shown', (line, shown) => {
    expect(masked(line)).toBe(shown);
  });

  it('are in no line of the log that is told', async () => {
    const tail = new LogTail(new ManualClock(5));
    const rig = await Rig.start((numbers) => numbers.print(), { log: silentLogger, tail });
    tail.over(silentLogger).info({}, 'connects with password=hunter2');
    expect(await rig.json(`${JOB}/log`)).toEqual([
      { number: 0, time: 5, level: 'info', message: `connects with password=${MASK}` },
    ]);
    expect(await rig.json(`${JOB}/log?since=0`)).toEqual([]);
  });
});

test('lines of the level debug are kept where they are asked for', () => {
  const tails = [new LogTail(new ManualClock(0)), new LogTail(new ManualClock(0), true)];
  for (const tail of tails) tail.over(silentLogger).child({}).debug({}, 'a detail');
  expect(tails.map((tail) => tail.lines().map(({ level }) => level))).toEqual([[], ['debug']]);
});
