/** The hbase2 sink against a real HBase: what is in the table is what was sent, counted by ids, also over a kill of the agent. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { Agent } from '../../src/agent.ts';
import { type HBase, startHBase } from './kit/hbase.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';
import { startStreamjob } from './kit/streamjob.ts';
import { Tally } from './kit/tally.ts';

const SIMPLE = 'org.apache.flume.sink.hbase2.SimpleHBase2EventSerializer';
const REGEX = 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer';
const EVENTS = 2000;

const sink = (name: string, hbase: HBase, properties: readonly string[]): string[] =>
  ['type = hbase2', `rest = ${hbase.url}`, 'columnFamily = cf', ...properties].map(
    (line) => `a1.sinks.${name}.${line}`,
  );

/** An agent whose sink writes numbers from 0. */
async function agentOf(scene: Scene, hbase: HBase, properties: readonly string[]): Promise<Agent> {
  const conf = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = seq',
    `a1.sources.r1.totalEvents = ${EVENTS}`,
    'a1.sources.r1.batchSize = 500',
    'a1.sources.r1.channels = c1',
    'a1.sources.r1.interceptors = i1',
    'a1.sources.r1.interceptors.i1.type = static',
    'a1.sources.r1.interceptors.i1.key = host',
    'a1.sources.r1.interceptors.i1.value = wéb1',
    'a1.channels.c1.type = memory',
    `a1.channels.c1.capacity = ${EVENTS}`,
    'a1.channels.c1.transactionCapacity = 500',
    'a1.sinks.k1.channel = c1',
    ...sink('k1', hbase, properties),
  ];
  const agent = Agent.fromText(conf.join('\n'), 'hbase.conf', { name: 'a1', log: scene.log });
  scene.defer(() => agent.stop());
  return agent;
}

async function run(scene: Scene, hbase: HBase, properties: readonly string[]): Promise<void> {
  const agent = await agentOf(scene, hbase, properties);
  await agent.start();
  await agent.drained();
  await agent.stop();
  expect(agent.counters()['SINK.k1']).toMatchObject({
    EventDrainSuccessCount: EVENTS,
    EventWriteFail: 0,
    ConnectionCreatedCount: 1,
    ConnectionClosedCount: 1,
    ConnectionFailedCount: 0,
  });
}

const IDS = Array.from({ length: EVENTS }, (_, i) => String(i));

describeWith(['hbase'], 'the hbase2 sink', () => {
  it('writes the rows and the counters of its serializers, and says what is not there', async ({ scene }) => {
    const hbase = await startHBase(scene);
    for (const table of ['simple', 'each', 'regex', 'keyed']) await hbase.create(table);

    for (const [table, coalesce] of [
      ['simple', true],
      ['each', false],
    ] as const) {
      await run(scene, hbase, [`table = ${table}`, 'batchSize = 100', `coalesceIncrements = ${coalesce}`]);
      const tally = new Tally();
      tally.add([...(await hbase.rows(table, 'default')).values()].map((cells) => String(cells['cf:pCol'])));
      tally.expectExactlyOnce(IDS);
      expect(await hbase.counter(table, 'incRow', 'cf:iCol')).toBe(EVENTS);
    }

    const headers = ['batchSize = 500', `serializer = ${REGEX}`, 'serializer.depositHeaders = true'];
    await run(scene, hbase, [
      'table = regex',
      ...headers,
      'serializer.regex = (\\\\d*?)(\\\\d)',
      'serializer.colNames = a,b:c',
    ]);
    const rows = [...(await hbase.rows('regex'))];
    const tally = new Tally();
    tally.add(rows.map(([, cells]) => `${cells['cf:a']}${cells['cf:b:c']}`));
    // The first ten have an empty cell.
    tally.expectExactlyOnce(IDS);
    expect(new Set(rows.map(([, cells]) => String(cells['cf:host'])))).toEqual(new Set(['wéb1']));
    expect(rows.every(([key]) => /^\d+-[A-Za-z0-9]{10}-\d+$/.test(key))).toBe(true);

    // Rows of one key within a batch: the last event counts.
    await run(scene, hbase, [
      'table = keyed',
      'batchSize = 500',
      `serializer = ${REGEX}`,
      'serializer.regex = .*?(.?)(.)',
      'serializer.colNames = tens,ROW_KEY',
      'serializer.rowKeyIndex = 1',
    ]);
    const last = [...(await hbase.rows('keyed'))].map(([key, cells]) => `${cells['cf:tens']}${key}`);
    expect(last.sort()).toEqual(['90', '91', '92', '93', '94', '95', '96', '97', '98', '99']);

    const start = async (properties: readonly string[]): Promise<void> =>
      (await agentOf(scene, hbase, properties)).start();
    await expect(start(['table = nosuch'])).rejects.toThrow('there is no table nosuch');
    await expect(start(['table = simple', 'columnFamily = f2'])).rejects.toThrow('has no column family f2, but cf');
  });

  it('has every event of an agent that is killed, and rows of their own keys once', async ({ scene }) => {
    const hbase = await startHBase(scene);
    const [keyed, counted] = ['keyed', 'counted'];
    for (const table of [keyed, counted]) await hbase.create(table);
    const batch = 10;
    const given = makeLines('e', 3000);
    const work = path.join(scene.directory, 'agent');
    spool(work, 'lines.txt', given);
    const conf = path.join(scene.directory, 'hbase.conf');
    const channel = (name: string): string[] =>
      [
        'type = file',
        `checkpointDir = ${work}/${name}/checkpoint`,
        `dataDirs = ${work}/${name}/data`,
        'transactionCapacity = 1000',
      ].map((line) => `a1.channels.${name}.${line}`);
    writeFileSync(
      conf,
      [
        'a1.sources = r1',
        'a1.channels = c1 c2',
        'a1.sinks = k1 k2',
        'a1.sources.r1.type = spooldir',
        `a1.sources.r1.spoolDir = ${work}/spool`,
        'a1.sources.r1.batchSize = 1000',
        'a1.sources.r1.channels = c1 c2',
        ...channel('c1'),
        ...channel('c2'),
        'a1.sinks.k1.channel = c1',
        ...sink('k1', hbase, [
          `table = ${keyed}`,
          `batchSize = ${batch}`,
          `serializer = ${REGEX}`,
          'serializer.regex = (\\\\S+) (.*)',
          'serializer.colNames = ROW_KEY,words',
          'serializer.rowKeyIndex = 0',
        ]),
        'a1.sinks.k2.channel = c2',
        ...sink('k2', hbase, [`table = ${counted}`, `batchSize = ${batch}`, `serializer = ${SIMPLE}`]),
      ].join('\n'),
    );
    const start = () => startStreamjob(scene, ['agent', '-f', conf, '-n', 'a1']);
    const count = () => hbase.counter(counted, 'incRow', 'cf:iCol');
    const isSpooled = () => existsSync(path.join(work, 'spool/lines.txt.COMPLETED'));

    const doomed = start();
    await scene.until(async () => isSpooled() && (await count()) > 0, 'the channels have all, and a part is written');
    await doomed.kill();
    const before = await count();
    expect(before).toBeLessThan(given.ids.length);

    const second = start();
    const bodies = async (): Promise<string[]> =>
      [...(await hbase.rows(counted, 'default')).values()].map((cells) => String(cells['cf:pCol']));
    await scene.until(
      async () => (await hbase.rows(keyed)).size === given.ids.length,
      'all rows with keys are written',
    );
    await scene.until(async () => (await count()) >= given.ids.length, 'all events are counted');
    await scene.until(async () => new Set(await bodies()).size === given.lines.length, 'all events are written');
    await second.kill();

    const rows = new Tally();
    rows.add([...(await hbase.rows(keyed)).keys()]);
    rows.expectExactlyOnce(given.ids);
    // A kill repeats no more than the batch that it met.
    const written = await bodies();
    Tally.ofLines(written).expectNoneLost(given.ids);
    expect(written.length).toBeLessThanOrEqual(given.lines.length + batch);
    expect(await count()).toBeLessThanOrEqual(given.lines.length + batch);
  });
});
