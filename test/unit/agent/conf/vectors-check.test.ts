/**
 * Cases of Flume's own tests of what it makes of a wrong file, each under its id. Flume leaves out what is wrong and starts the rest; here
 * such a file is refused, and the check says what Flume would have done. Types of the cases that no agent has are replaced by real ones.
 */
import { describe, expect, it } from 'vitest';
import { type Checked, checkFlumeConfs } from '../../../../src/agent/conf/check.ts';

type Properties = Readonly<Record<string, string>>;

async function check(properties: Properties, name?: string): Promise<Checked> {
  const text = Object.entries(properties).map(([key, value]) => `${key} = ${value}\n`);
  return await checkFlumeConfs([{ file: 'f', text: text.join('') }], { env: {} }, name);
}

/** `LINE severity: message -> what Flume does`. */
async function told(properties: Properties, name?: string): Promise<string[]> {
  const { problems } = await check(properties, name);
  return problems.all.map(
    ({ line, severity, message, flume }) =>
      `${line ?? '-'} ${severity}: ${message}${flume === undefined ? '' : ` -> ${flume}`}`,
  );
}

/** The agent of most cases. */
const AGENT: Properties = {
  'agent.sources': 's1 s2',
  'agent.sources.s1.type': 'seq',
  'agent.sources.s1.channels': 'c1',
  'agent.sources.s2.type': 'stress',
  'agent.sources.s2.channels': 'c2',
  'agent.channels': 'c1 c2',
  'agent.channels.c1.type': 'SPILLABLEMEMORY',
  'agent.channels.c1.overflowCapacity': '0',
  'agent.channels.c2.type': 'memory',
  'agent.sinks': 'k1 k2',
  'agent.sinks.k1.type': 'logger',
  'agent.sinks.k2.type': 'null',
  'agent.sinks.k1.channel': 'c1',
  'agent.sinks.k2.channel': 'c2',
  'agent.sinkgroups': 'g1',
  'agent.sinkgroups.g1.sinks': 'k1 k2',
  'agent.sinkgroups.g1.processor.type': 'load_balance',
  'agent.configfilters': 'f1 f2',
  'agent.configfilters.f1.type': 'external',
  'agent.configfilters.f1.command': 'true',
  'agent.configfilters.f2.type': 'env',
};

const without = (...parts: string[]): Properties =>
  Object.fromEntries(Object.entries(AGENT).filter(([key]) => !parts.some((part) => key.startsWith(`agent.${part}`))));

describe('a whole agent', () => {
  it('testagentconfiguration/testconfighasnoerrors#248: is taken as it is', async () => {
    const { problems, agents } = await check(AGENT);
    expect(problems.all).toEqual([]);
    const [agent] = agents;
    expect(agent?.sources.map(({ name }) => name)).toEqual(['s1', 's2']);
    expect(agent?.sinks.map(({ name }) => name)).toEqual(['k1', 'k2']);
    expect(agent?.channels.map(({ name }) => name)).toEqual(['c1', 'c2']);
    expect(agent?.groups.map(({ name }) => name)).toEqual(['g1']);
  });

  it('testagentconfiguration/testnochannelisinvalid#249: without channels is wrong', async () => {
    expect(await told({ ...AGENT, 'agent.channels': '' })).toContain(
      '- error: agent agent has no channels: expected agent.channels = NAME … -> runs on without any component',
    );
  });

  it('testagentconfiguration/testnosourcesisvalid#250: without sources is right', async () => {
    const { problems, agents } = await check(without('sources'));
    expect(problems.errors).toEqual([]);
    expect(agents).toHaveLength(1);
  });

  it('testagentconfiguration/testnosinksisvalid#497: without sinks is right', async () => {
    const { problems, agents } = await check(without('sinks', 'sinkgroups'));
    expect(problems.errors).toEqual([]);
    expect(agents).toHaveLength(1);
  });

  it('testagentconfiguration/testnosourcesandnosinksisinvalid#251: with neither is wrong', async () => {
    const { agents } = await check({ ...AGENT, 'agent.sources': '', 'agent.sinks': '' });
    expect(agents).toEqual([]);
    expect(await told({ ...AGENT, 'agent.sources': '', 'agent.sinks': '' })).toContain(
      '- error: agent agent has no sources and no sinks -> runs on without any component',
    );
  });
});

describe('lines that are no properties of an agent', () => {
  const stray = (line: number, key: string): string =>
    `${line} warning: ${key} is ignored: expected the name of an agent before the first dot, as in a1.sources`;

  it.each([
    ['testflumeconfiguration/testflumeconfigaddserroronemptyvalue#252', 'something', ''],
    ['testflumeconfiguration/testflumeconfigaddserroronnoagentnamevalue#253', 'something', 'value'],
    ['testflumeconfiguration/testflumeconfigaddserroronemptyagentnamevalue#498', '.something', 'value'],
  ])('%s: %s = %s is told with its line', async (_id, key, value) => {
    expect(await told({ [key]: value })).toEqual([
      stray(1, key),
      '- error: there is no agent: expected NAME.sources = …, NAME.channels = …',
    ]);
  });

  it('testflumeconfiguration/testflumeconfigaddserroronemptypropertyname#254: an agent and no name is told', async () => {
    expect(await told({ 'agent.': 'something' }, 'agent')).toContain(
      '1 warning: agent. is ignored: expected a name of a property behind agent.',
    );
  });

  it('testflumeconfiguration/testflumeconfigaddserroroninvalidconfig#255: each mistake is told', async () => {
    expect(await told({ 'agent.channels': 'c1', 'agent.channel.c1': 'cc1' })).toEqual([
      expect.stringMatching(/^1 error: channel c1 has no type, expected one of .* -> leaves channel c1 out/),
      '2 error: agent.channel.c1: channel is unknown, expected one of sources, channels, sinks; did you mean channels? -> ignores it',
      '- error: agent agent has no sources and no sinks -> runs on without any component',
    ]);
  });
});

describe('a component that cannot be configured', () => {
  const one = (more: Properties): Properties => ({
    'agent1.sources': 'source1',
    'agent1.channels': 'channel1',
    'agent1.sinks': 'sink1',
    'agent1.sources.source1.type': 'seq',
    'agent1.channels.channel1.type': 'memory',
    'agent1.sinks.sink1.type': 'null',
    'agent1.sources.source1.channels': 'channel1',
    'agent1.sinks.sink1.channel': 'channel1',
    ...more,
  });
  /** What Flume would leave out. */
  const leftOut = async (more: Properties): Promise<string[]> => {
    const { problems } = await check(one(more));
    return problems.errors.map(({ flume }) => /^leaves (\w+ \w+) out/.exec(flume ?? '')?.[1] ?? '');
  };

  it('testabstractconfigurationprovider/testsourcethrowsexceptionduringconfiguration#259: a source', async () => {
    expect(await leftOut({ 'agent1.sources.source1.batchSize': 'x' })).toEqual(['source source1']);
  });

  it('testabstractconfigurationprovider/testsinkthrowsexceptionduringconfiguration#260: a sink', async () => {
    expect(await leftOut({ 'agent1.sinks.sink1.type': 'avro', 'agent1.sinks.sink1.port': '1' })).toEqual([
      'sink sink1',
    ]);
  });

  it('testabstractconfigurationprovider/testchannelthrowsexceptionduringconfiguration#499: a channel', async () => {
    const file = { 'agent1.channels.channel1.type': 'file', 'agent1.channels.channel1.minimumRequiredSpace': 'x' };
    expect(await leftOut(file)).toEqual(['channel channel1']);
  });

  const sized = (source: number, sink: number): Properties => ({
    'agent1.sinks.sink1.type': 'avro',
    'agent1.channels.channel1.capacity': '1000',
    'agent1.channels.channel1.transactionCapacity': '1000',
    'agent1.sources.source1.batchSize': String(source),
    'agent1.sinks.sink1.batch-size': String(sink),
    'agent1.sinks.sink1.hostname': '10.10.10.10',
    'agent1.sinks.sink1.port': '1010',
  });
  const mismatch = 'testabstractconfigurationprovider/testsinksourcemismatchduringconfiguration';

  it(`${mismatch}#261: batches that fit are right`, async () => {
    expect((await check(one(sized(1000, 1000)))).problems.all).toEqual([]);
  });

  it(`${mismatch}#262: a source with larger batches than its channel takes`, async () => {
    expect(await leftOut(sized(1001, 1000))).toEqual(['source source1']);
  });

  it(`${mismatch}#500: a sink with larger batches than its channel takes`, async () => {
    expect(await leftOut(sized(1000, 1001))).toEqual(['sink sink1']);
  });

  it(`${mismatch}#263: both, and the channel has nobody then`, async () => {
    expect(await leftOut(sized(1001, 1001))).toEqual(['source source1', 'sink sink1']);
  });
});

describe('a file with several agents', () => {
  it('is checked as a whole, each finding once', async () => {
    const two = { ...AGENT, 'b1.channels': 'c1', 'b1.channels.c1.type': 'memory', 'b1.sinks': 'k1', other: 'x' };
    const lines = await told({ ...two, 'b1.sinks.k1.type': 'nul', 'b1.sinks.k1.channel': 'c1', 'c1.x': '1' });
    expect(lines).toEqual([
      '25 warning: other is ignored: expected the name of an agent before the first dot, as in a1.sources',
      expect.stringMatching(/^26 error: sink k1: unknown type nul, .*; did you mean null\? -> ends at its start/),
      '28 warning: c1.x is ignored: agent c1 lists nothing, expected c1.sources = NAME … and so on',
    ]);
  });
});
