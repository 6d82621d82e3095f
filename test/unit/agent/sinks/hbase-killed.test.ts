/** What the hbase2 sink promises when the agent is killed with -9 in a call: HBase has done it, and the agent has not heard of that. */
import fs from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type CliProcess, startCli } from '../../../kit/cli.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';
import { bodies, type FakeGateway, type Fate, fakeGateway, long } from './hbase-gateway.ts';

const EVENTS = 50;
const BATCH = 10;
const IDS = Array.from({ length: EVENTS }, (_, i) => `id${i}`);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function kill(agent: CliProcess): Promise<void> {
  agent.child.kill('SIGKILL');
  await agent.ended;
}

/** A file with the events before a spooldir source, a file channel, and the sink. @returns the flume.conf */
async function conf(gateway: FakeGateway, properties: readonly string[]): Promise<string> {
  const directory = ownDirectory();
  await fs.mkdir(path.join(directory, 'spool'));
  await fs.writeFile(path.join(directory, 'spool/in'), IDS.map((id) => `${id} of it\n`).join(''));
  const file = path.join(directory, 'flume.conf');
  const lines = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = spooldir',
    `a1.sources.r1.spoolDir = ${directory}/spool`,
    'a1.sources.r1.channels = c1',
    'a1.channels.c1.type = file',
    `a1.channels.c1.checkpointDir = ${directory}/checkpoint`,
    `a1.channels.c1.dataDirs = ${directory}/data`,
    'a1.channels.c1.minimumRequiredSpace = 0',
    'a1.sinks.k1.type = hbase2',
    'a1.sinks.k1.channel = c1',
    'a1.sinks.k1.table = t',
    'a1.sinks.k1.columnFamily = cf',
    `a1.sinks.k1.rest = ${gateway.url}`,
    `a1.sinks.k1.batchSize = ${BATCH}`,
    ...properties.map((line) => `a1.sinks.k1.${line}`),
  ];
  await fs.writeFile(file, lines.join('\n'));
  return file;
}

/** Kills an agent in a call that is done and not answered, and lets another one go on. @param before calls that are answered */
async function killedIn(before: number, properties: readonly string[], isDone: (gateway: FakeGateway) => boolean) {
  const gateway = await fakeGateway();
  ends.push(() => gateway.close());
  gateway.fates = [...Array.from({ length: before }, (): Fate => 'answer'), 'silent'];
  const file = await conf(gateway, properties);
  const start = (): CliProcess => {
    const agent = startCli(['agent', '-n', 'a1', '-f', file]);
    ends.push(() => kill(agent));
    return agent;
  };
  const doomed = start();
  // The source has put all into the channel, so that it sends nothing again.
  const isRead = (): Promise<boolean> =>
    fs.access(path.join(path.dirname(file), 'spool/in.COMPLETED')).then(
      () => true,
      () => false,
    );
  await until(async () => gateway.fates.length === 0 && (await isRead()));
  await kill(doomed);
  start();
  await until(() => isDone(gateway));
  return gateway;
}

/** What the counter of the simple serializer is at, in bytes as the table has it. */
const counter = ({ rows }: FakeGateway): string | undefined => rows.get('incRow')?.get('cf:iCol');

it('rows whose keys are part of their events are there once', async () => {
  const gateway = await killedIn(
    2,
    [
      'serializer = org.apache.flume.sink.hbase2.RegexHBase2EventSerializer',
      'serializer.regex = (\\\\S+) (.*)',
      'serializer.colNames = ROW_KEY,text',
      'serializer.rowKeyIndex = 0',
    ],
    ({ rows }) => rows.size === EVENTS,
  );
  expect([...gateway.rows.keys()].sort()).toEqual([...IDS].sort());
});

it.each([
  ['a put', 2, EVENTS],
  ['an increment', 3, EVENTS + BATCH],
])('in %s: rows with keys of their own are there once more, as many as a batch has', async (_what, before, count) => {
  const gateway = await killedIn(before, ['coalesceIncrements = true'], (now) => {
    return counter(now) === long(count);
  });
  const written = bodies(gateway);
  expect(written).toHaveLength(EVENTS + BATCH);
  expect([...new Set(written)].sort()).toEqual(IDS.map((id) => `${id} of it`).sort());
  // Nothing comes behind it.
  expect(gateway.calls.filter((call) => call.startsWith('increment'))).toHaveLength(EVENTS / BATCH + (before - 2));
});
