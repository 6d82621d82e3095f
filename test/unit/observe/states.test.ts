/** What is told of states: keys and their growth, the largest, one of them, watermarks, what windows remember. */
import { describe, expect, it } from 'vitest';
import { StateSpec } from '../../../src/graph/state/state-spec.ts';
import { Redaction } from '../../../src/observe/redaction.ts';
import { Rig, type RigOptions } from './rig.ts';

const APPLICATION = '/api/v1/applications/job';

interface Told {
  readonly operator: string;
  readonly keys: number;
  readonly keysPerMinute: number | null;
  readonly growth: readonly (readonly [number, number])[];
  readonly watermark: number | null;
  readonly watermarkGapMs: number | null;
  readonly lateValues: number | null;
  readonly wrongTimes: number | null;
}

/** Keeps, of each number, a text that is as long as the number. */
const texts = (options: RigOptions = {}): Promise<Rig> =>
  Rig.start((numbers) => {
    const spec = StateSpec.function<number | string | readonly number[], number, string, string>(
      (_key, value, state) => {
        state.update('x'.repeat(value ?? 0));
        return state.get();
      },
    );
    numbers
      .map((n) => [n === 1 ? 'one' : n === 2 ? [2, 2] : n, n] as readonly [number | string | readonly number[], number])
      .mapWithState(spec)
      .print();
  }, options);

describe('states', () => {
  it('are told with their keys, and how these became more', async () => {
    const rig = await texts();
    await rig.batch(1, 2, 3);
    await rig.batch(4);
    await rig.batch(5, 6);
    const [state] = (await rig.json(`${APPLICATION}/states`)) as Told[];
    expect(state).toMatchObject({ operator: 'mapWithState-0', kind: 'mapWithState', keys: 6, watermark: null });
    expect(state?.growth).toEqual([
      [1000, 3],
      [2000, 4],
      [3000, 6],
    ]);
    expect(state?.keysPerMinute).toBe(90);
  });

  it('are weighed, the heaviest keys first', async () => {
    const rig = await texts();
    await rig.batch(...Array.from({ length: 100 }, (_, i) => i));
    const weighed = (await rig.json(`${APPLICATION}/states/mapWithState-0/largest`)) as {
      readonly keys: number;
      readonly bytes: number;
      readonly oldest: number;
      readonly largest: readonly { readonly key: unknown; readonly bytes: number; readonly updated: number }[];
    };
    expect(weighed).toMatchObject({ keys: 100, oldest: 1000 });
    expect(weighed.bytes).toBeGreaterThan((99 * 100) / 2);
    expect(weighed.largest.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, (_, i) => 99 - i));
    expect(weighed.largest[0]?.bytes).toBeGreaterThanOrEqual(99);
  });

  it.each([
    ['one', 'one', 'x'],
    ['"one"', 'one', 'x'],
    ['[2,2]', [2, 2], 'xx'],
    ['3', 3, 'xxx'],
  ])('have what is kept of the key %s', async (asked, key, state) => {
    const rig = await texts();
    await rig.batch(1, 2, 3);
    const path = `${APPLICATION}/states/mapWithState-0/key?key=${encodeURIComponent(asked)}`;
    expect(await rig.json(path)).toMatchObject({ key, state, updated: 1000 });
  });

  it.each([
    ['mapWithState-0/key?key=no', 404, 'keeps nothing of this key'],
    ['mapWithState-0/key', 400, 'say which key'],
    ['nothing/largest', 404, 'there is no state nothing; there are mapWithState-0'],
  ])('answer to %s with %i', async (path, status, why) => {
    const rig = await texts();
    await rig.batch(1);
    const response = await rig.ask(`${APPLICATION}/states/${path}`);
    const { error } = (await response.json()) as { error: string };
    expect([response.status, error]).toEqual([status, expect.stringContaining(why)]);
  });

  it('have what is kept of a key that is shown by what is no JSON', async () => {
    const keys = [1n, Number.NaN, Number.NEGATIVE_INFINITY, undefined, new Date(0), new Date(Number.NaN), -0, ''];
    const rig = await Rig.start((numbers) => {
      numbers
        .flatMap(() => keys.map((key, i) => [key, i] as const))
        .mapWithState(
          StateSpec.function<unknown, number, number, number>((_key, value, state) => {
            state.update(value ?? -1);
            return 0;
          }),
        )
        .print();
    });
    await rig.batch(1);
    const asked = ['1n', 'NaN', '-Infinity', 'undefined', '1970-01-01T00:00:00.000Z', 'Invalid Date', '0', ''];
    const path = `${APPLICATION}/states/mapWithState-0/key?key=`;
    for (const [i, text] of asked.entries())
      expect([text, await rig.json(path + encodeURIComponent(text))]).toMatchObject([text, { state: i }]);
  });

  it('refuse a key in words that is too deep', async () => {
    const rig = await texts();
    await rig.batch(1);
    const response = await rig.ask(
      `${APPLICATION}/states/mapWithState-0/key?key=${'['.repeat(6000)}${']'.repeat(6000)}`,
    );
    expect([400, 404]).toContain(response.status);
  });

  it('show nothing that is not to be seen', async () => {
    const rig = await texts({ redaction: new Redaction({ names: [], pattern: /x+/u, showsValues: true }) });
    await rig.batch(1);
    const told = await rig.json(`${APPLICATION}/states/mapWithState-0/key?key=one`);
    expect(told).toMatchObject({ key: 'one', state: '(redacted)' });
    const named = await texts({ redaction: new Redaction({ names: ['ONE'], showsValues: true }) });
    await named.batch(1);
    const hidden = await named.json(`${APPLICATION}/states/mapWithState-0/key?key=one`);
    expect(hidden).toMatchObject({ key: 'one', state: '(redacted)' });
  });

  it('are nobody’s when the job has ended', async () => {
    const rig = await texts();
    await rig.batch(1);
    await rig.ssc.stop();
    const response = await rig.ask(`${APPLICATION}/states/mapWithState-0/largest`);
    expect(response.status).toBe(409);
  });
});

describe('windows', () => {
  it('by event time tell their watermark, and what came too late apart from what cannot be', async () => {
    const rig = await Rig.start((numbers) => {
      numbers.window('10s', '10s', { eventTime: (n) => n, allowedLateness: '1s' }).print();
    });
    const before = (await rig.json(`${APPLICATION}/states`)) as Told[];
    expect(before[0]).toMatchObject({ watermark: null, watermarkGapMs: null, lateValues: 0 });
    await rig.batch(500, 25_000);
    await rig.batch(100, 200, Number.NaN, 26_000);
    const [told] = (await rig.json(`${APPLICATION}/states`)) as Told[];
    expect(told).toMatchObject({ watermark: 25_000, watermarkGapMs: 2000 - 25_000, lateValues: 2, wrongTimes: 1 });
    const metrics = await (await rig.ask('/metrics')).text();
    expect(metrics).toContain('streamjob_values_late_total{operator="eventTimeWindow-0"} 2');
    expect(metrics).toContain('streamjob_values_wrong_time_total{operator="eventTimeWindow-0"} 1');
    expect(metrics).toContain('streamjob_watermark_timestamp_seconds{operator="eventTimeWindow-0"} 25');
  });

  it('by arrival tell of how many batches they remember values', async () => {
    const rig = await Rig.start((numbers) => numbers.window('3s', '1s').count().print());
    for (let i = 0; i < 5; i++) await rig.batch(i);
    const [told] = (await rig.json(`${APPLICATION}/windows`)) as { name: string; batches: number; windowMs: number }[];
    expect(told).toMatchObject({ windowMs: 3000, slideMs: 1000 });
    expect(told?.batches).toBeGreaterThanOrEqual(3);
    expect(told?.batches).toBeLessThanOrEqual(4);
  });
});
