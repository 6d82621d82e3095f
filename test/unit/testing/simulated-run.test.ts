/** What a simulated run tells of itself, and which jobs can be simulated. */
import { expect, test } from 'vitest';
import { DEAD_LETTERS, deadLettersOf } from '../../../src/api/testing/simulated-files.ts';
import { defineJob, exactlyOnce } from '../../../src/index.ts';
import { Simulation } from '../../../src/simulation/machine/index.ts';
import { type SimulatedRun, simulate, simulateSeeds } from '../../../src/testing.ts';

const CALM = { faults: [], duration: '5s' } as const;

test('no peer is told "delivered" before an output has the event', async () => {
  const check = (run: SimulatedRun): void => {
    const written = new Map<string, number>();
    for (const { at, values } of run.batches<string>('ids')) {
      for (const id of values) if (!written.has(id)) written.set(id, at);
    }
    for (const { deliveredAt, number } of run.events) {
      expect(deliveredAt).toBeGreaterThan(written.get(`${number}`) ?? Number.POSITIVE_INFINITY);
    }
  };
  const options = {
    seeds: 10,
    batchInterval: '1s',
    events: (n: number) => `${n}`,
    numEvents: 40,
    sparkSinks: 1,
    check,
  };
  const runs = await simulateSeeds(options, (ssc, world) => {
    ssc
      .union([ssc.flumeStream({ port: world.port }), ssc.flumePollingStream({ addresses: world.sinks })])
      .map((event) => event.text())
      .foreachRDD(exactlyOnce(world.store('ids'), async (rdd, _, tx) => tx.insert(...(await rdd.collect()))));
  });
  expect(new Set(runs[0]?.events.map(({ peer }) => peer))).toEqual(new Set(['flume0', 'spark0']));
}, 60_000);

test('a job that acknowledges before its outputs are done is found by such a check', async () => {
  const early: number[] = [];
  const run = await simulate(
    { batchInterval: '1s', reliability: 'best-effort', events: (n) => `${n}`, ...CALM },
    (ssc, world) => {
      ssc
        .flumeStream({ port: world.port })
        .map((event) => event.text())
        .foreachRDD(exactlyOnce(world.store('ids'), async (rdd, _, tx) => tx.insert(...(await rdd.collect()))));
    },
  );
  for (const { at, values } of run.batches<string>('ids')) {
    for (const id of values) if ((run.events[Number(id)]?.deliveredAt ?? 0) < at) early.push(Number(id));
  }
  expect(early.length).toBeGreaterThan(0);
  expect(run.rows('ids')).toHaveLength(100);
});

test('values that were left out are its dead letters', async () => {
  const run = await simulate(
    { batchInterval: '1s', onPoison: 'skip', events: ['1', 'two', '3'], ...CALM },
    (ssc, world) => {
      ssc
        .flumeStream({ port: world.port })
        .map((event) => JSON.parse(event.text()) as number)
        .foreachRDD(async (rdd, time) => world.store('numbers').insert(time, ...(await rdd.collect())));
    },
  );
  expect([...run.rows<number>('numbers')].toSorted()).toEqual([1, 3]);
  expect(run.deadLetters).toMatchObject([{ operator: 'map' }]);
});

test('a list of events may be cut short, and its events are of the peers in turn', async () => {
  const run = await simulate(
    {
      batchInterval: '1s',
      events: ['a', { body: 'b', headers: { x: 'y' } }, 'c'],
      numEvents: 2,
      flumeSinks: 2,
      ...CALM,
    },
    (ssc, { port }) => ssc.flumeStream({ port }).print(),
  );
  expect(run.events).toMatchObject([
    { number: 0, peer: 'flume0', event: { body: 'a' } },
    { number: 1, peer: 'flume1', event: { body: 'b', headers: { x: 'y' } } },
  ]);
});

test('a job that asks for threads, lmdb and an agent runs without them; what the test says goes before what the job says', async () => {
  const job = defineJob(
    {
      name: 'large',
      batchInterval: '1m',
      engine: 'threads',
      stateStore: 'lmdb',
      agent: './flume.conf',
      checkpointDir: '/var/lib/large',
    },
    (ssc) => {
      expect(ssc.batchInterval).toBe(2000);
      ssc
        .flumeStream({ port: 4141 })
        .map((event) => [event.text(), 1] as const)
        .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
        .print();
    },
  );
  const run = await simulate({ batchInterval: '2s', port: 4141, events: ['a', 'a'], ...CALM }, job);
  expect(run.printed).toMatch(/a.*2/);
});

test('jobs without peers are simulated, too', async () => {
  const run = await simulate({ batchInterval: '1s', events: [], flumeSinks: 0, ...CALM }, (ssc, world) => {
    ssc
      .queueStream([[1, 2], [3]])
      .foreachRDD(async (rdd, time) => world.store('numbers').insert(time, ...(await rdd.collect())));
  });
  expect(run.rows('numbers')).toEqual(expect.arrayContaining([1, 2, 3]));
});

test('half a line of a dead letter, which a run left that was killed, stands for none', () => {
  const { disk } = new Simulation({ seed: 1 }).host('a');
  const letter = { time: 2, operator: 'map', error: { message: 'x' }, event: 'e' };
  disk.put(DEAD_LETTERS, `{"time":1,"oper\n${JSON.stringify(letter)}\n`);
  expect(deadLettersOf(disk)).toEqual([letter]);
});
