/** The files of docs/flows.md run as they are: each event that goes in comes out where the page says, counted by its id. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkFlumeConfs } from '../../../src/agent/conf/check.ts';
import { Agent, silentLogger } from '../../../src/agent.ts';
import { decodeEvents, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

const FLOWS = fileURLToPath(new URL('../../../docs/flows', import.meta.url));
const fileOf = (name: string): string => path.join(FLOWS, name);

/** What a machine has: the directories that the files name, and lines for the source. */
class Machine {
  readonly #directory = ownDirectory();
  #lines = 0;

  constructor() {
    for (const name of ['spool', 'out', 'out/urgent', 'out/others', 'copy', 'data']) mkdirSync(this.path(name));
  }

  path(name: string): string {
    return path.join(this.#directory, name);
  }

  /** Gives the source a file of lines. @returns them */
  log(count: number, text: (i: number) => string = (i) => `line ${i}`): string[] {
    const lines = Array.from({ length: count }, () => text(this.#lines++));
    const name = `${this.#lines}.log`;
    writeFileSync(this.path(name), `${lines.join('\n')}\n`);
    renameSync(this.path(name), path.join(this.path('spool'), name));
    return lines;
  }

  /** Lines of the files of a directory, sorted. */
  linesIn(name: string): string[] {
    return readdirSync(this.path(name), { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .flatMap((entry) => readFileSync(path.join(this.path(name), entry.name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .sort();
  }

  /** An agent of a file that runs until the end of the test. */
  async start(file: string, name: string, more: Readonly<Record<string, string>> = {}): Promise<Agent> {
    const own = Object.fromEntries(['spool', 'out', 'copy', 'data'].map((each) => [each, this.path(each)]));
    const agent = await Agent.fromFile(fileOf(file), { name, system: { ...own, ...more }, log: silentLogger });
    onTestFinished(() => agent.stop());
    await agent.start();
    return agent;
  }
}

interface Peer {
  readonly port: number;
  /** What it was sent. */
  readonly texts: string[];
  close(): Promise<void>;
}

/** A receiver that takes all, until the end of the test. */
async function receiver(port = 0): Promise<Peer> {
  const texts: string[] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port,
    protocol: flumeProtocol,
    owner: 'test',
    pipeline: 1,
    onRequest: (request) => {
      for (const event of decodeEvents('appendBatch', request.params).toArray()) texts.push(event.text());
      request.reply(encodeStatus('OK'));
    },
  });
  onTestFinished(() => server.close());
  return { port: server.address.port, texts, close: () => server.close() };
}

it('each file can be used as it is, by the names that it says', async () => {
  const names = readdirSync(FLOWS);
  expect(names.length).toBe(8);
  const page = readFileSync(fileURLToPath(new URL('../../../docs/flows.md', import.meta.url)), 'utf8');
  const system = { spool: '/var/spool', out: '/srv/out', copy: '/srv/copy' };
  for (const name of names) {
    const text = readFileSync(fileOf(name), 'utf8');
    const { problems } = await checkFlumeConfs([{ file: name, text }], { env: {}, system });
    expect(problems.all.map((problem) => problems.format(problem))).toEqual([]);
    expect(page).toContain(`(flows/${name})`);
    expect(text).toMatch(/^# {3}streamjob agent -n \w+ -f /m);
    expect(/-f ([\w.-]+)/.exec(text)?.[1]).toBe(name);
  }
});

it('consolidation: two agents send to a collector, which has each event once, with its machine and its id', async () => {
  const port = String(await freePort());
  const [one, other, collector] = [new Machine(), new Machine(), new Machine()];
  const lines = [...one.log(50, (i) => `one ${i}`), ...other.log(70, (i) => `other ${i}`)].sort();
  // The collector is away at first.
  await one.start('consolidation.conf', 'web', { port });
  await other.start('consolidation.conf', 'web', { port });
  await until(() => readdirSync(one.path('spool')).some((name) => name.endsWith('.COMPLETED')));
  await collector.start('consolidation.conf', 'collector', { port });
  await until(() => collector.linesIn('out').length >= 120);
  expect(collector.linesIn('out')).toEqual(lines);
});

it('fan-out: both channels have each event, and the source goes on when the optional one is full', async () => {
  const machine = new Machine();
  const lines = machine.log(100).sort();
  await machine.start('fan-out.conf', 'a1');
  await until(() => machine.linesIn('out').length >= 100 && machine.linesIn('copy').length >= 100);
  expect([machine.linesIn('out'), machine.linesIn('copy')]).toEqual([lines, lines]);
});

it('multiplexing: the level of a line chooses the channels', async () => {
  const machine = new Machine();
  const levels = ['INFO', 'ERROR', 'FATAL', 'nothing'];
  const lines = machine.log(40, (i) => `${levels[i % 4]} ${i}`);
  await machine.start('multiplexing.conf', 'a1');
  await until(() => machine.linesIn('out/urgent').length + machine.linesIn('out/others').length >= 50);
  expect(machine.linesIn('out/urgent')).toEqual(lines.filter((line) => /^(?:ERROR|FATAL)/.test(line)).sort());
  expect(machine.linesIn('out/others')).toEqual(lines.filter((line) => !line.startsWith('ERROR')).sort());
});

const portsOf = (first: Peer, second: Peer): Record<string, string> => ({
  first: '127.0.0.1',
  second: '127.0.0.1',
  port1: String(first.port),
  port2: String(second.port),
});

describe('two collectors', () => {
  it('failover: all goes to the first one, and to the second one while that is away', async () => {
    const machine = new Machine();
    const [first, second] = [await receiver(), await receiver()];
    await machine.start('failover.conf', 'a1', portsOf(first, second));
    const before = machine.log(30);
    await until(() => first.texts.length >= 30);
    await first.close();
    const after = machine.log(30);
    await until(() => second.texts.length >= 30);
    expect([first.texts, [...new Set(second.texts)]]).toEqual([before, after]);
  });

  it('load balancing: they share the events, and one gets all while the other one is away', async () => {
    const machine = new Machine();
    const [first, second] = [await receiver(), await receiver()];
    const agent = await machine.start('load-balance.conf', 'a1', portsOf(first, second));
    const lines = machine.log(2000);
    await until(() => first.texts.length + second.texts.length >= lines.length);
    expect(Math.min(first.texts.length, second.texts.length)).toBeGreaterThan(0);
    expect([...first.texts, ...second.texts].sort()).toEqual([...lines].sort());
    await first.close();
    const after = machine.log(40);
    await until(() => after.every((line) => second.texts.includes(line)));
    await until(() => agent.counters()['CHANNEL.disk']?.['ChannelSize'] === 0);
  });
});

describe('levels of reliability, while the receiver is away', () => {
  const away = async (): Promise<{ readonly port: number; readonly more: Record<string, string> }> => {
    const port = await freePort();
    return { port, more: { receiver: '127.0.0.1', port: String(port) } };
  };

  it('best-effort: what comes is dropped and counted, and nothing waits', async () => {
    const machine = new Machine();
    const { more } = await away();
    const agent = await machine.start('best-effort.conf', 'a1', more);
    machine.log(100);
    await until(() => agent.counters()['PROCESSOR.forward']?.['EventDropCount'] === 100);
    expect(agent.counters()['CHANNEL.memory']?.['ChannelSize']).toBe(0);
  });

  it('store-on-failure: what comes is on disk, and is sent in order once the receiver is there, also by the next agent', async () => {
    const machine = new Machine();
    const { more, port } = await away();
    const agent = await machine.start('store-on-failure.conf', 'a1', more);
    const lines = machine.log(100);
    await until(() => agent.counters()['PROCESSOR.forward']?.['SpillSize'] === 100);
    await agent.stop();
    const peer = await receiver(port);
    await machine.start('store-on-failure.conf', 'a1', more);
    await until(() => peer.texts.length >= 100);
    expect(peer.texts).toEqual(lines);
  });

  it('end-to-end: what comes is in the channel on disk, and is sent in order once the receiver is there', async () => {
    const machine = new Machine();
    const { more, port } = await away();
    const agent = await machine.start('end-to-end.conf', 'a1', more);
    const lines = machine.log(100);
    await until(() => agent.counters()['CHANNEL.disk']?.['ChannelSize'] === 100);
    await agent.stop();
    const peer = await receiver(port);
    await machine.start('end-to-end.conf', 'a1', more);
    await until(() => peer.texts.length >= 100);
    expect(peer.texts).toEqual(lines);
  });
});
