/** What is seen of values while a job runs: by taps over the web, with what is not to be seen left out. */
import { describe, expect, it } from 'vitest';
import { Redaction } from '../../../src/observe/redaction.ts';
import { SseQueue } from '../../../src/observe/web/sse.ts';
import { until } from '../../kit/until.ts';
import { Rig, type RigOptions } from './rig.ts';

const APPLICATION = '/api/v1/applications/job';

interface Tap {
  readonly count: number;
  readonly values: readonly unknown[];
}

/** Listens to a tap until the test ends. @returns what has come */
async function tap(
  rig: Rig,
  operator: string,
  query = '',
): Promise<{ readonly taps: Tap[]; readonly end: () => void }> {
  const ended = new AbortController();
  const before = rig.observer.taps.size;
  const response = await rig.ask(`${APPLICATION}/tap/${operator}${query}`, { signal: ended.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const taps: Tap[] = [];
  void (async () => {
    let text = '';
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(bytes).toString();
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const [, data = ''] = /^event: tap\ndata: (.*)$/.exec(event) ?? [];
        if (data !== '') taps.push(JSON.parse(data) as Tap);
      }
    }
  })().catch(() => {});
  await until(() => rig.observer.taps.size > before);
  return { taps, end: () => ended.abort() };
}

const chain = (options: RigOptions = {}): Promise<Rig> =>
  Rig.start((numbers) => {
    numbers
      .map((n) => n * 10)
      .filter((n) => n > 10)
      .map((n) => ({ n, secret: `card 4111-1111 of ${n}` }))
      .print();
  }, options);

describe('a tap', () => {
  it('shows what passes between two operators that are fused, what comes in, and what an output reads', async () => {
    const rig = await chain();
    const [input, tens, large, last] = [
      await tap(rig, '0'),
      await tap(rig, '1'),
      await tap(rig, 'filter'),
      await tap(rig, '3'),
    ];
    await rig.batch(1, 2, 3);
    await until(() => [input, tens, large, last].every(({ taps }) => taps.length > 0));
    const values = ({ taps }: { taps: Tap[] }): unknown[] => [...(taps[0]?.values ?? [])].sort();
    expect([input.taps[0]?.count, tens.taps[0]?.count, large.taps[0]?.count, last.taps[0]?.count]).toEqual([
      3, 3, 2, 2,
    ]);
    expect(values(input)).toEqual([1, 2, 3]);
    expect(values(tens)).toEqual([10, 20, 30]);
    expect(values(large)).toEqual([20, 30]);
    expect(last.taps[0]?.values).toContainEqual({ n: 20, secret: 'card 4111-1111 of 20' });
  });

  it('asks nothing of the engine before somebody looks and after the last has gone', async () => {
    const rig = await chain();
    const { taps } = rig.observer.observed;
    expect(taps.wanted).toEqual([]);
    const { end } = await tap(rig, '1');
    expect(taps.wanted).toEqual([{ node: 1, values: 20 }]);
    end();
    await until(() => rig.observer.taps.size === 0);
    expect(taps.wanted).toEqual([]);
  });

  it('shows a few of many, from all over the batch, and counts all', async () => {
    const rig = await chain();
    const { taps } = await tap(rig, '1', '?values=8');
    await rig.batch(...Array.from({ length: 10_000 }, (_, i) => i));
    await until(() => taps.length > 0);
    const [seen] = taps;
    expect(seen?.count).toBe(10_000);
    expect(seen?.values.length).toBe(8);
    const sorted = [...((seen?.values ?? []) as number[])].sort((a, b) => a - b);
    expect(new Set(sorted).size).toBe(8);
  });

  it('shows no more of a second than was asked for, over all its batches', async () => {
    const rig = await Rig.start((numbers) => numbers.map((n) => n).print());
    const shown: unknown[] = [];
    const end = rig.observer.taps.look(1, 5, ({ values }) => shown.push(...values));
    const { taps } = rig.observer.observed;
    const second = (): number => taps.wanted[0]?.values ?? -1;
    expect(second()).toBe(5);
    await rig.batch(1, 2, 3, 4, 5, 6, 7, 8);
    expect(shown.length).toBe(5);
    expect(second()).toBe(0);
    rig.clock.advance(1000);
    expect(second()).toBe(5);
    end();
  });

  it('with 0 values only counts', async () => {
    const rig = await chain();
    const { taps } = await tap(rig, '1', '?values=0');
    await rig.batch(1, 2, 3);
    await until(() => taps.length > 0);
    expect(taps[0]).toMatchObject({ count: 3, values: [] });
  });

  it('changes nothing of what a job gives, and sees a value as it was before later functions changed it', async () => {
    const results: unknown[] = [];
    const rig = await Rig.start((numbers) => {
      numbers
        .map((n) => ({ n }))
        .map((value) => {
          value.n += 100;
          return value;
        })
        .foreachRDD(async (rdd) => {
          results.push(...(await rdd.collect()).map(({ n }) => n));
        });
    });
    const { taps } = await tap(rig, '1');
    await rig.batch(1, 2);
    await until(() => taps.length > 0);
    expect(results.sort()).toEqual([101, 102]);
    expect(taps[0]?.values).toEqual(expect.arrayContaining([{ n: 1 }, { n: 2 }]));
  });

  it('survives values that cannot be read', async () => {
    const rig = await Rig.start((numbers) => {
      numbers
        .map(
          () =>
            new Proxy(
              {},
              {
                ownKeys: () => {
                  throw new Error('no');
                },
              },
            ),
        )
        .map(() => 1)
        .print();
    });
    const { taps } = await tap(rig, '1');
    await rig.batch(1);
    await until(() => taps.length > 0);
    expect(taps[0]).toMatchObject({ count: 1, values: ['… (reading it threw)'] });
  });

  it('of a batch that fails is told of the attempt that succeeds', async () => {
    let fails = true;
    const rig = await Rig.start((numbers) => {
      numbers
        .map((n) => n + 1)
        .map((n) => {
          if (fails) throw new Error('not yet');
          return n;
        })
        .print();
    });
    const { taps } = await tap(rig, '1');
    rig.push([1, 2]);
    rig.clock.advance(1000);
    await until(() => rig.observer.history.batch(1000)?.failures.length === 1);
    fails = false;
    rig.clock.advance(100);
    await until(() => taps.length > 0);
    expect(taps).toEqual([{ time: 1000, count: 2, values: [2, 3] }]);
  });

  it.each([
    ['nonsense', '', 404, 'there is no operator nonsense; there are 0 '],
    ['map', '', 404, 'several operators are called map, say which by its number: 1 map ('],
    ['99', '', 404, 'there is no operator 99'],
    ['1', '?values=201', 400, 'from 0 to 200'],
    ['1', '?values=x', 400, 'from 0 to 200'],
  ])('of %j%s is refused', async (operator, query, status, why) => {
    const rig = await chain();
    const response = await rig.ask(`${APPLICATION}/tap/${operator}${query}`);
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([
      status,
      expect.stringContaining(why),
    ]);
  });

  it('has a bound on how many look', async () => {
    const rig = await chain();
    for (let i = 0; i < 20; i++) await tap(rig, '1', '?values=0');
    expect((await rig.ask(`${APPLICATION}/tap/1`)).status).toBe(400);
  });
});

describe('what waits for one who does not read', () => {
  it('has a bound, in events and in characters: the oldest go', async () => {
    const read = async (queue: SseQueue): Promise<string[]> => {
      const ended = new AbortController();
      const texts: string[] = [];
      setImmediate(() => ended.abort());
      for await (const text of queue.texts(ended.signal)) texts.push(text);
      return texts;
    };
    const many = new SseQueue();
    for (let i = 0; i < 700; i++) many.push(String(i));
    const kept = await read(many);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([500, '200', '699']);
    const large = new SseQueue();
    for (let i = 0; i < 10; i++) large.push(String(i).repeat(1024 * 1024));
    expect((await read(large)).map((text) => text[0])).toEqual(['6', '7', '8', '9']);
  });

  it('is short, however large a value is and however many partitions there are', async () => {
    const rig = await Rig.start((numbers) => {
      numbers
        .map((n) => Array.from({ length: 50 }, () => String(n).repeat(1500)))
        .repartition(50)
        .print();
    });
    const { taps } = await tap(rig, 'repartition', '?values=5');
    await rig.batch(...Array.from({ length: 200 }, (_, i) => i % 10));
    await until(() => taps.length > 0);
    expect(taps[0]).toMatchObject({ count: 200, values: expect.any(Array) });
    expect(taps[0]?.values.length).toBe(5);
    for (const value of taps[0]?.values ?? []) expect(JSON.stringify(value).length).toBeLessThan(17_000);
  });
});

describe('what is not to be seen', () => {
  it('is left out of values', async () => {
    const redaction = new Redaction({ names: ['N'], pattern: /\d{4}-\d{4}/u, showsValues: true });
    const rig = await chain({ redaction });
    const { taps } = await tap(rig, '3');
    await rig.batch(2);
    await until(() => taps.length > 0);
    expect(taps[0]?.values).toEqual([{ n: '(redacted)', secret: 'card (redacted) of 20' }]);
  });

  it('is left out where a text is cut, too', () => {
    const redaction = new Redaction({ names: [], pattern: /4111-1111/u, showsValues: true });
    const text = `${'x'.repeat(1995)}4111-1111${'y'.repeat(3000)}`;
    expect(redaction.of(text)).not.toContain('4111');
  });

  it('is left out of messages of errors', () => {
    const message = 'the function of map threw: no (on {"headers":{"card":"4111-1111"}})';
    const names = new Redaction({ names: ['card'], showsValues: true });
    expect(names.ofMessage(message)).toBe('the function of map threw: no (on (redacted))');
    const pattern = new Redaction({ names: [], pattern: /4111-1111/u, showsValues: true });
    expect(pattern.ofMessage(message)).toBe('the function of map threw: no (on {"headers":{"card":"(redacted)"}})');
    const nothing = new Redaction({ names: [], showsValues: false });
    expect(nothing.ofMessage(message)).toBe('the function of map threw: (redacted)');
  });

  it('is left out of bytes that are no text, and of JSON that was cut', () => {
    const redaction = new Redaction({ names: ['card'], pattern: /4111/u, showsValues: true });
    expect(redaction.of({ body: '0xff34313131' })).toEqual({ body: '(bytes that are no text)' });
    expect(redaction.ofText('{"card":"1","a":2}')).toBe('{"card":"(redacted)","a":2}');
    expect(redaction.ofText('{"card":"1","a":2…')).toBe('(redacted)');
  });

  it('is everything, where values are not shown', async () => {
    const rig = await chain({ redaction: new Redaction({ names: [], showsValues: false }) });
    const { taps } = await tap(rig, '3');
    await rig.batch(2);
    await until(() => taps.length > 0);
    expect(taps[0]).toEqual({ time: 1000, count: 1, values: ['(redacted)'] });
  });
});
