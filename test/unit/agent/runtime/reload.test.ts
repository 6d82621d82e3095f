/** What a running agent promises when its file changes. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net, { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Agent, type AgentOptions } from '../../../../src/agent.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { collectingLogger, type LoggedLine } from '../../../kit/log.ts';
import { until } from '../../../kit/until.ts';

type Properties = Readonly<Record<string, string | number>>;

const BASE: Properties = {
  'a1.sources': 'r1',
  'a1.channels': 'c1',
  'a1.sinks': 'k1',
  'a1.sources.r1.type': 'netcat',
  'a1.sources.r1.bind': '127.0.0.1',
  'a1.sources.r1.port': 0,
  'a1.sources.r1.channels': 'c1',
  'a1.channels.c1.type': 'memory',
  'a1.channels.c1.capacity': 1000,
  'a1.sinks.k1.type': 'logger',
  'a1.sinks.k1.channel': 'c1',
};

/** An agent of a file that a test changes. */
class Rig {
  readonly file = path.join(ownDirectory(), 'flume.conf');
  readonly lines: LoggedLine[] = [];
  readonly clock = new ManualClock();
  agent!: Agent;

  static async start(more: Properties = {}, options: AgentOptions = {}): Promise<Rig> {
    const rig = new Rig();
    rig.write(more);
    const { log } = collectingLogger(rig.lines);
    rig.agent = await Agent.fromFile(rig.file, { log, clock: rig.clock, ...options });
    onTestFinished(async () => {
      await rig.turning(rig.agent.stop());
    });
    await rig.agent.start();
    return rig;
  }

  write(more: Properties, base: Properties = BASE): void {
    const all = Object.entries({ ...base, ...more });
    writeFileSync(this.file, all.map(([key, value]) => `${key} = ${value}\n`).join(''));
  }

  /** Turns the clock until a promise has settled. */
  async turning<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const over = (): void => {
      done = true;
    };
    promise.then(over, over);
    await until(() => {
      if (!done) this.clock.advance(100);
      return done;
    });
    return await promise;
  }

  /** Turns the clock until something holds. */
  async turnUntil(condition: () => boolean): Promise<void> {
    await until(() => {
      if (condition()) return true;
      this.clock.advance(100);
      return false;
    });
  }

  reload(): Promise<boolean> {
    return this.turning(this.agent.reload());
  }

  get port(): number {
    return this.agent.address('r1')?.port ?? 0;
  }

  /** The bodies that logger sinks have written. */
  get bodies(): string[] {
    return this.lines.flatMap(({ message }) => /^Event: .*body: .{48}(.*) \}$/.exec(message)?.[1] ?? []);
  }

  said(level: LoggedLine['level'], text: string): number {
    return this.lines.filter((line) => line.level === level && line.message.includes(text)).length;
  }
}

/** A peer of a netcat source, which counts the answers that it gets. */
class Peer {
  readonly socket: Socket;
  answers = '';
  closed = false;

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.setEncoding('utf8').on('data', (text: string) => {
      this.answers += text;
    });
    this.socket.on('close', () => {
      this.closed = true;
    });
    this.socket.on('error', () => {});
    onTestFinished(() => void this.socket.destroy());
  }

  /** Sends lines; resolves when each has its OK. */
  async send(...lines: string[]): Promise<void> {
    const before = this.answers.length;
    this.socket.write(lines.map((line) => `${line}\n`).join(''));
    await until(() => this.answers.length === before + lines.length * 3);
    expect(this.answers).toMatch(/^(OK\n)*$/);
  }
}

async function taken(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return { server, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const ids = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `e${from + i}`);

describe('a reload', () => {
  it('of a file that says the same changes nothing', async () => {
    const rig = await Rig.start();
    const { port } = rig;
    rig.write({ 'a1.sources.r1.ack-every-event': 'TRUE' });
    expect(await rig.reload()).toBe(false);
    expect(rig.port).toBe(port);
  });

  it('replaces a sink that has changed; the source keeps its connection, and no event is lost or comes twice', async () => {
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    await peer.send(...ids(0, 50));
    rig.write({ 'a1.sinks.k1.maxBytesToLog': 32 });
    const reloading = rig.reload();
    const sending = peer.send(...ids(50, 50));
    expect(await reloading).toBe(true);
    await rig.turning(sending);
    await peer.send(...ids(100, 50));
    await rig.turnUntil(() => rig.bodies.length >= 150);
    expect(rig.bodies).toEqual(ids(0, 150));
    expect(peer.closed).toBe(false);
    expect(rig.agent.counters()['SOURCE.r1']).toMatchObject({ EventAcceptedCount: 150, OpenConnectionCount: 1 });
  });

  it('gives a memory channel other bounds while it runs, with what is in it', async () => {
    const rig = await Rig.start({ 'a1.sinks': '' });
    const peer = new Peer(rig.port);
    await peer.send(...ids(0, 5));
    rig.write({ 'a1.channels.c1.capacity': 300, 'a1.channels.c1.transactionCapacity': 50 });
    expect(await rig.reload()).toBe(true);
    expect(rig.agent.counters()['CHANNEL.c1']).toMatchObject({ ChannelCapacity: 300 });
    await rig.turnUntil(() => rig.bodies.length === 5);
    expect(rig.bodies).toEqual(ids(0, 5));
    await peer.send('more');
    expect(peer.closed).toBe(false);
  });

  it('moves the events of a channel that becomes one of another type; the source keeps its connection', async () => {
    const rig = await Rig.start({ 'a1.sinks': '' });
    const peer = new Peer(rig.port);
    await peer.send(...ids(0, 120));
    const dataDirs = path.join(ownDirectory(), 'data');
    const file = { 'a1.channels.c1.type': 'file', 'a1.channels.c1.dataDirs': dataDirs };
    const small = { 'a1.channels.c1.minimumRequiredSpace': 0, 'a1.channels.c1.transactionCapacity': 100 };
    rig.write({ ...file, ...small, 'a1.sinks': '' });
    const reloading = rig.reload();
    const sending = peer.send(...ids(120, 10));
    expect(await reloading).toBe(true);
    await rig.turning(sending);
    expect(rig.agent.counters()['CHANNEL.c1']).toMatchObject({ ChannelSize: 130 });
    rig.write({});
    expect(await rig.reload()).toBe(true);
    await rig.turnUntil(() => rig.bodies.length >= 130);
    expect(rig.bodies).toEqual(ids(0, 130));
    expect(peer.closed).toBe(false);
  });

  it('moves what has room, and the rest when there is some', async () => {
    const rig = await Rig.start({ 'a1.sinks': '' });
    const peer = new Peer(rig.port);
    await peer.send(...ids(0, 60));
    const small = { 'a1.channels.c1.type': 'SPILLABLEMEMORY', 'a1.channels.c1.overflowCapacity': 0 };
    const bounds = { 'a1.channels.c1.memoryCapacity': 25, 'a1.channels.c1.transactionCapacity': 20 };
    rig.write({ ...small, ...bounds, 'a1.channels.c1.overflowTimeout': 1, 'a1.sinks': '' });
    expect(await rig.reload()).toBe(true);
    expect(rig.agent.counters()['CHANNEL.c1']?.['ChannelSize']).toBe(20);
    rig.write({ ...small, ...bounds, 'a1.channels.c1.overflowTimeout': 1 });
    expect(await rig.reload()).toBe(true);
    await rig.turnUntil(() => rig.bodies.length >= 60);
    expect(rig.bodies).toEqual(ids(0, 60));
  });

  it('keeps the events of a file channel that gets other bounds', async () => {
    const file = { 'a1.channels.c1.type': 'file', 'a1.channels.c1.dataDirs': path.join(ownDirectory(), 'data') };
    const small = { 'a1.channels.c1.minimumRequiredSpace': 0, 'a1.channels.c1.transactionCapacity': 100 };
    const rig = await Rig.start({ ...file, ...small, 'a1.sinks': '' });
    const peer = new Peer(rig.port);
    await peer.send(...ids(0, 30));
    rig.write({ ...file, ...small, 'a1.channels.c1.capacity': 277 });
    expect(await rig.reload()).toBe(true);
    await rig.turnUntil(() => rig.bodies.length >= 30);
    expect(rig.bodies).toEqual(ids(0, 30));
    expect(peer.closed).toBe(false);
  });

  it('gives a source other interceptors without closing its connections', async () => {
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    await peer.send('a');
    rig.write({ 'a1.sources.r1.interceptors': 'i1', 'a1.sources.r1.interceptors.i1.type': 'static' });
    expect(await rig.reload()).toBe(true);
    await peer.send('b');
    await rig.turnUntil(() => rig.bodies.length === 2);
    const events = rig.lines.filter(({ message }) => message.startsWith('Event: '));
    expect(events.map(({ message }) => message.includes('key=value'))).toEqual([false, true]);
    expect(peer.closed).toBe(false);
  });

  it('loses no event and doubles none, whatever is changed while they come', async () => {
    const data = ownDirectory();
    const variants: readonly Properties[] = [
      { 'a1.sinks.k1.maxBytesToLog': 32 },
      { 'a1.channels.c1.capacity': 500 },
      { 'a1.channels.c1.type': 'SPILLABLEMEMORY', 'a1.channels.c1.overflowCapacity': 0 },
      { 'a1.sources.r1.interceptors': 'i1', 'a1.sources.r1.interceptors.i1.type': 'static' },
      {
        'a1.channels.c1.type': 'file',
        'a1.channels.c1.dataDirs': path.join(data, 'one'),
        'a1.channels.c1.transactionCapacity': 100,
        'a1.channels.c1.minimumRequiredSpace': 0,
      },
      {
        'a1.channels.c1.type': 'file',
        'a1.channels.c1.dataDirs': path.join(data, 'two'),
        'a1.channels.c1.transactionCapacity': 100,
        'a1.channels.c1.minimumRequiredSpace': 0,
      },
      {},
    ];
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    let isOver = false;
    let sent = 0;
    const sending = (async () => {
      for (; !isOver; sent += 20) {
        // The sink takes one event at a time: what it has not taken yet must have room in the channel.
        await until(() => isOver || sent - rig.bodies.length < 100);
        await peer.send(...ids(sent, 20));
      }
    })();
    for (const variant of [...variants, ...variants]) {
      const before = sent;
      rig.write(variant);
      expect(await rig.reload()).toBe(true);
      await rig.turnUntil(() => sent > before);
    }
    isOver = true;
    await rig.turning(sending);
    await rig.turnUntil(() => rig.bodies.length >= sent);
    expect(rig.bodies.toSorted()).toEqual(ids(0, sent).toSorted());
    expect(peer.closed).toBe(false);
  });

  it('takes components away and adds others', async () => {
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    await peer.send('a');
    rig.write({
      'a1.sources': 'r2',
      'a1.sources.r2.type': 'netcat',
      'a1.sources.r2.bind': '127.0.0.1',
      'a1.sources.r2.port': 0,
      'a1.sources.r2.channels': 'c1',
    });
    expect(await rig.reload()).toBe(true);
    await until(() => peer.closed);
    expect(rig.agent.address('r1')).toBeUndefined();
    const other = new Peer(rig.agent.address('r2')?.port ?? 0);
    await other.send('b');
    await rig.turnUntil(() => rig.bodies.length === 2);
    expect(Object.keys(rig.agent.counters()).sort()).toEqual(['CHANNEL.c1', 'SINK.k1', 'SOURCE.r2']);
  });

  it('changes nothing when the file is wrong, or a port or directory is not to be had', async () => {
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    const unchanged = async (more: Properties, code: string): Promise<void> => {
      rig.write(more);
      await expect(rig.reload()).rejects.toMatchObject({ code });
      await peer.send('x');
    };
    await unchanged({ 'a1.sinks.k1.type': 'loger' }, 'CONFIG_INVALID');
    const { port } = await taken();
    await unchanged({ 'a1.sinks.k1.type': 'null', 'a1.sources.r1.port': port }, 'PORT_IN_USE');
    const noDirectory = path.join(rig.file, 'data');
    const file = { 'a1.channels.c1.type': 'file', 'a1.channels.c1.dataDirs': noDirectory };
    await unchanged({ 'a1.sinks.k1.type': 'null', ...file, 'a1.channels.c1.transactionCapacity': 100 }, 'FILE_ACCESS');
    const spool = { 'a1.sources.r1.type': 'spooldir', 'a1.sources.r1.spoolDir': path.join(ownDirectory(), 'no') };
    await unchanged(spool, 'FILE_NOT_FOUND');
    expect(peer.closed).toBe(false);
    await rig.turnUntil(() => rig.bodies.length === 4);
  });

  it('may exchange the ports of two sources', async () => {
    const [one, other] = [await taken(), await taken()];
    for (const { server } of [one, other]) await new Promise((resolve) => server.close(resolve));
    const two = (first: number, second: number): Properties => ({
      'a1.sources': 'r1 r2',
      'a1.sources.r1.port': first,
      'a1.sources.r2.type': 'netcat',
      'a1.sources.r2.bind': '127.0.0.1',
      'a1.sources.r2.port': second,
      'a1.sources.r2.channels': 'c1',
    });
    const rig = await Rig.start(two(one.port, other.port));
    rig.write(two(other.port, one.port));
    expect(await rig.reload()).toBe(true);
    expect([rig.port, rig.agent.address('r2')?.port]).toEqual([other.port, one.port]);
  });

  it('and a stop come to an end, whichever is first', async () => {
    const rig = await Rig.start();
    const peer = new Peer(rig.port);
    await peer.send('a');
    rig.write({ 'a1.channels.c1.type': 'SPILLABLEMEMORY', 'a1.channels.c1.overflowCapacity': 0 });
    const reloading = rig.agent.reload().catch(() => false);
    await rig.turning(Promise.all([reloading, rig.agent.stop()]));
    expect(await rig.reload()).toBe(false);
  });

  it('is refused to an agent that was made of a text', async () => {
    const text =
      'a1.sources = r1\na1.channels = c1\na1.sources.r1.type = seq\na1.sources.r1.channels = c1\na1.channels.c1.type = memory';
    const agent = Agent.fromText(text, 'x', { log: collectingLogger().log });
    await expect(agent.reload()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

it('an agent is drained when the sources have ended that it has by then', async () => {
  const rig = await Rig.start();
  const draining = rig.agent.drained();
  let isDrained = false;
  draining.then(
    () => {
      isDrained = true;
    },
    () => {},
  );
  await new Peer(rig.port).send('a');
  expect(isDrained).toBe(false);
  rig.write({ 'a1.sources.r1.type': 'seq', 'a1.sources.r1.totalEvents': 3 });
  expect(await rig.reload()).toBe(true);
  await rig.turning(draining);
  expect(rig.bodies).toEqual(['a', '0', '1', '2']);
});

describe('an agent that looks at its file', () => {
  const watching = (more: Properties = {}): Promise<Rig> => Rig.start(more, { pollInterval: '30s' });

  it('goes over to what it says when it has changed', async () => {
    const rig = await watching();
    const peer = new Peer(rig.port);
    rig.write({ 'a1.sinks.k1.type': 'null' });
    await rig.turnUntil(() => rig.said('info', 'has gone over') === 1);
    await peer.send('a');
    await rig.turnUntil(() => rig.agent.counters()['SINK.k1']?.['EventDrainSuccessCount'] === 1);
    expect(rig.bodies).toEqual([]);
    expect(rig.said('info', 'sources r1; channels c1; sinks k1')).toBe(2);
  });

  it('says once why a wrong file is not used, and uses it when it is mended', async () => {
    const rig = await watching();
    rig.write({ 'a1.sinks.k1.type': 'loger' });
    await rig.turnUntil(() => rig.said('error', 'the agent runs on as it was') === 1);
    expect(rig.said('error', 'unknown type loger')).toBe(1);
    for (let i = 0; i < 10; i++) {
      const now = rig.clock.now();
      await rig.turnUntil(() => rig.clock.now() >= now + 31_000);
    }
    expect(rig.said('error', '')).toBe(1);
    rig.write({ 'a1.sinks.k1.type': 'null' });
    await rig.turnUntil(() => rig.said('info', 'has gone over') === 1);
  });

  it('uses a file as soon as the port that it wants is free', async () => {
    const rig = await watching();
    const { server, port } = await taken();
    rig.write({ 'a1.sources.r1.port': port });
    await rig.turnUntil(() => rig.said('error', 'the agent runs on as it was') === 1);
    await new Promise((resolve) => server.close(resolve));
    await rig.turnUntil(() => rig.said('info', 'has gone over') === 1);
    expect(rig.port).toBe(port);
  });

  it('says a warning once, however often it looks', async () => {
    const rig = await watching();
    const { port } = await taken();
    rig.write({ 'a1.sources.r1.port': port, 'a1.sinks.k1.nothing': 1 });
    await rig.turnUntil(() => rig.said('error', 'the agent runs on as it was') === 1);
    const now = rig.clock.now();
    await rig.turnUntil(() => rig.clock.now() > now + 200_000);
    expect(rig.said('warn', 'has no property nothing')).toBe(1);
  });

  it('runs on when the file is gone', async () => {
    const rig = await watching();
    rmSync(rig.file);
    await rig.turnUntil(() => rig.said('error', 'it does not exist') === 1);
    await new Peer(rig.port).send('a');
  });
});

describe('what cannot start', () => {
  it('is tried again every three seconds with one line in the log, and then runs', async () => {
    const { server, port } = await taken();
    const rig = await Rig.start({ 'a1.sources.r1.port': port }, { failFast: false });
    const before = rig.clock.now();
    await rig.turnUntil(() => rig.clock.now() > before + 20_000);
    expect(rig.said('error', 'source r1 cannot start, and is tried again every 3 s')).toBe(1);
    await new Promise((resolve) => server.close(resolve));
    await rig.turnUntil(() => rig.said('info', 'source r1 has started') === 1);
    await new Peer(port).send('a');
    await rig.turnUntil(() => rig.bodies.length === 1);
  });

  it('keeps sinks and sources from starting when it is a channel', async () => {
    const directory = ownDirectory();
    const dataDirs = path.join(directory, 'data');
    writeFileSync(dataDirs, 'in the way');
    const file = { 'a1.channels.c1.type': 'file', 'a1.channels.c1.dataDirs': dataDirs };
    const small = { 'a1.channels.c1.minimumRequiredSpace': 0, 'a1.channels.c1.transactionCapacity': 100 };
    const rig = await Rig.start({ ...file, ...small }, { failFast: false });
    expect(rig.said('error', 'channel c1 cannot start')).toBe(1);
    expect(rig.agent.address('r1')).toBeUndefined();
    rmSync(dataDirs);
    mkdirSync(dataDirs);
    await rig.turnUntil(() => rig.said('info', 'channel c1 has started') === 1 && rig.port > 0);
    await new Peer(rig.port).send('a');
    await rig.turnUntil(() => rig.bodies.length === 1);
  });

  it('does not keep the agent from another file', async () => {
    const { port } = await taken();
    const rig = await Rig.start({ 'a1.sources.r1.port': port }, { failFast: false });
    rig.write({ 'a1.sources.r1.port': port, 'a1.sinks.k1.maxBytesToLog': 32 });
    expect(await rig.reload()).toBe(true);
    rig.write({});
    expect(await rig.reload()).toBe(true);
    await new Peer(rig.port).send('a');
    await rig.turnUntil(() => rig.bodies.length === 1);
  });
});
