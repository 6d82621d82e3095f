/** The syslog and netcatudp sources on real sockets: events, headers of the peer, full channels, ports that are taken. */
import dgram from 'node:dgram';
import net from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { multiportSyslogTcp } from '../../../../src/agent/sources/multiport-syslogtcp.ts';
import { netcatUdp } from '../../../../src/agent/sources/netcatudp.ts';
import type { SourceType } from '../../../../src/agent/sources/source.ts';
import { syslogTcp } from '../../../../src/agent/sources/syslogtcp.ts';
import { syslogUdp } from '../../../../src/agent/sources/syslogudp.ts';
import { freePort } from '../../../kit/ports.ts';
import { until } from '../../../kit/until.ts';
import { type Rig, rig } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function started(type: SourceType, properties: Record<string, string | number>, capacity?: number): Promise<Rig> {
  const made = await rig(type, properties, capacity === undefined ? {} : { capacity });
  await made.source.start();
  ends.push(() => made.source.stop());
  return made;
}

function connect(port: number): net.Socket {
  const socket = net.connect(port, '127.0.0.1');
  ends.push(() => socket.destroy());
  return socket;
}

async function sendDatagrams(port: number, texts: readonly string[]): Promise<void> {
  const socket = dgram.createSocket('udp4');
  for (const text of texts) await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
  socket.close();
}

const portOf = ({ source }: Rig): number => source.address?.port ?? 0;

describe('syslogtcp', () => {
  it('makes events of messages that come in pieces, over several connections, with headers of the peer', async () => {
    const made = await started(syslogTcp, {
      host: '127.0.0.1',
      port: 0,
      clientIPHeader: 'ip',
      clientHostnameHeader: 'name',
    });
    const socket = connect(portOf(made));
    socket.write('<10>1 - h on');
    socket.write('e\n<10>1 - h two\n<10>1 - h unfinished');
    await made.channel.available(Number.POSITIVE_INFINITY);
    await until(() => made.counters.EventAcceptedCount === 2);
    const events = await made.takeAll();
    expect(events.map(({ body }) => Buffer.from(body).toString())).toEqual(['one', 'two']);
    expect(events[0]?.headers).toMatchObject({ host: 'h', ip: '127.0.0.1', name: expect.stringMatching(/./) });
    expect(made.counters.OpenConnectionCount).toBe(1);
    socket.end();
    await until(() => made.counters.OpenConnectionCount === 0);
  });

  it('keeps what a full channel does not take, and puts it when there is room', async () => {
    const made = await started(syslogTcp, { host: '127.0.0.1', port: 0 }, 2);
    const lines = Array.from({ length: 20 }, (_, i) => `<10>1 - h ${i}\n`);
    connect(portOf(made)).write(lines.join(''));
    const got: string[] = [];
    await until(async () => {
      got.push(...(await made.texts()));
      return got.length === 20;
    });
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    expect(made.counters.ChannelWriteFail).toBeGreaterThan(0);
  });

  it('says how many messages a stop has lost, when the channel was full', async () => {
    const made = await started(syslogTcp, { host: '127.0.0.1', port: 0 }, 1);
    connect(portOf(made)).write('<10>a\n<10>b\n<10>c\n');
    await until(() => made.counters.ChannelWriteFail > 0);
    await made.source.stop();
    expect(made.errors.join()).toMatch(/2 messages are lost/);
  });

  it('takes no more connections than it may', async () => {
    const made = await started(syslogTcp, { host: '127.0.0.1', port: 0, maxConnections: 1 });
    connect(portOf(made));
    await until(() => made.counters.OpenConnectionCount === 1);
    const second = connect(portOf(made));
    await new Promise((resolve) => second.once('close', resolve));
    expect(made.warnings.join()).toMatch(/has 1 connections and takes no more/);
  });

  it.each([
    [{ port: 0, 'format.search': 'x' }, 'format.search has no meaning without format.regex'],
    [{ port: 0, 'format.regex': '(.)', 'format.replace': 'x' }, 'needs the other one'],
    [
      { port: 0, 'format.regex': '(.)', 'format.dateFormat': 'yyyy-ww' },
      'format.dateFormat cannot be used: w is not known here',
    ],
    [{ port: 0, 'format.regex': '(' }, 'has no )'],
  ])('refuses %j', async (properties, reason) => {
    await expect(rig(syslogTcp, properties as unknown as Record<string, string>)).rejects.toThrow(reason);
  });
});

describe('multiport_syslogtcp', () => {
  it('reads each port in its character set; what it cannot read stays as it came', async () => {
    const [latin, utf8] = [await freePort(), await freePort()];
    const free = [latin, utf8];
    const made = await started(multiportSyslogTcp, {
      host: '127.0.0.1',
      ports: free.join(' '),
      [`charset.port.${latin}`]: 'ISO-8859-1',
      portHeader: 'port',
    });
    const bytes = Buffer.concat([Buffer.from('<10>- h '), Buffer.of(0xfe, 0xff), Buffer.from('\n')]);
    for (const port of free) {
      connect(port).write(bytes);
      await until(() => made.counters.EventAcceptedCount === (port === latin ? 1 : 2));
    }
    const [one, two] = await made.takeAll();
    expect(Buffer.from(one?.body ?? [])).toEqual(Buffer.of(0xfe, 0xff));
    expect(one?.headers).toMatchObject({ port: String(latin), host: 'h' });
    expect(Buffer.from(two?.body ?? [])).toEqual(bytes.subarray(0, -1));
    expect(two?.headers).toEqual({ port: String(utf8), 'flume.syslog.status': 'Invalid' });
    expect(made.counters.EventReadFail).toBe(1);
  });

  it('serves the ports that it has, and tries the others again', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const port = (taken.address() as net.AddressInfo).port;
    ends.push(() => taken.close());
    const free = await freePort();
    const made = await started(multiportSyslogTcp, { host: '127.0.0.1', ports: `${port} ${free}` });
    expect(made.errors.join()).toMatch(new RegExp(`port ${port} is tried again`));
    connect(free).write('<10>- h x\n');
    expect(await made.next(1)).toEqual(['x']);
    const none = await rig(multiportSyslogTcp, { host: '127.0.0.1', ports: port });
    await expect(none.source.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });

  it('tells what is wrong with its ports', async () => {
    await expect(rig(multiportSyslogTcp, { ports: '1 x' })).rejects.toThrow('ports names x');
    await expect(rig(multiportSyslogTcp, { ports: '1 1' })).rejects.toThrow('names a port twice');
    await expect(rig(multiportSyslogTcp, { ports: '1', 'charset.port.2': 'UTF-8' })).rejects.toThrow('does not name 2');
  });
});

describe('datagrams', () => {
  it('syslogudp makes an event of each', async () => {
    const made = await started(syslogUdp, { host: '127.0.0.1', port: 0, keepFields: 'hostname', clientIPHeader: 'ip' });
    await sendDatagrams(portOf(made), ['<10>1 - h a', '', '<10>1 - h b\nc']);
    await until(() => made.counters.EventAcceptedCount === 2);
    const events = await made.takeAll();
    expect(events.map(({ body }) => Buffer.from(body).toString())).toEqual(['h a', 'h b']);
    expect(events[0]?.headers['ip']).toBe('127.0.0.1');
  });

  it('netcatudp makes an event of each, up to its newline, with the peer where that is asked for', async () => {
    const made = await started(netcatUdp, { bind: '127.0.0.1', port: 0, remoteAddressHeader: 'from' });
    await sendDatagrams(portOf(made), ['a\nb', 'c']);
    await until(() => made.counters.EventAcceptedCount === 2);
    const events = await made.takeAll();
    expect(events.map(({ body }) => Buffer.from(body).toString())).toEqual(['a', 'c']);
    expect(events[0]?.headers['from']).toMatch(/^\/127\.0\.0\.1:\d+$/);
    const plain = await started(netcatUdp, { port: 0 });
    await sendDatagrams(portOf(plain), ['x']);
    await until(() => plain.counters.EventAcceptedCount === 1);
    expect((await plain.takeAll())[0]?.headers).toEqual({});
  });

  it('wait while the channel is full, and those that a stop leaves are counted', async () => {
    const made = await started(netcatUdp, { bind: '127.0.0.1', port: 0 }, 2);
    await sendDatagrams(portOf(made), ['1', '2', '3', '4', '5']);
    const got: string[] = [];
    await until(async () => {
      got.push(...(await made.texts()));
      return got.length === 5;
    });
    expect(got).toEqual(['1', '2', '3', '4', '5']);
    await sendDatagrams(portOf(made), ['6', '7', '8']);
    await until(() => made.counters.EventReceivedCount >= 7);
    await until(() => made.counters.ChannelWriteFail > 0);
    await made.source.stop();
    expect(made.errors.join()).toMatch(/datagrams are lost so far: the source was stopped/);
  });

  it('tell that a port is taken', async () => {
    const made = await started(netcatUdp, { bind: '127.0.0.1', port: 0 });
    const other = await rig(netcatUdp, { bind: '127.0.0.1', port: portOf(made) });
    await expect(other.source.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});
