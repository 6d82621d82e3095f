/** Cases of Flume's tests of sources that are steps in words, each under its id. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { sourceCounters } from '../../../../src/agent/component/counters.ts';
import { exec } from '../../../../src/agent/sources/exec.ts';
import { multiportSyslogTcp } from '../../../../src/agent/sources/multiport-syslogtcp.ts';
import { netcat } from '../../../../src/agent/sources/netcat.ts';
import { seq } from '../../../../src/agent/sources/seq.ts';
import type { Source, SourceType } from '../../../../src/agent/sources/source.ts';
import { stress } from '../../../../src/agent/sources/stress.ts';
import { syslogTcp } from '../../../../src/agent/sources/syslogtcp.ts';
import { type Clock, ManualClock } from '../../../../src/core/clock.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { freePort } from '../../../kit/ports.ts';
import { processesOf } from '../../../kit/processes.ts';
import { until } from '../../../kit/until.ts';
import { configured } from '../channels/make.ts';
import { settle } from '../channels/use.ts';
import { rig } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Puts {
  readonly source: Source;
  readonly clock: ManualClock;
  /** The batches that were put, also those that were refused. */
  readonly batches: string[][];
  readonly accepted: string[];
}

/** A source whose channels refuse some of the batches, by their number from 1. */
async function putting(
  type: SourceType,
  properties: Record<string, number>,
  refused: readonly number[] = [],
): Promise<Puts> {
  const clock = new ManualClock(0);
  const batches: string[][] = [];
  const accepted: string[] = [];
  const process = async (events: readonly PlainEvent[]): Promise<void> => {
    const texts = events.map(({ body }) => Buffer.from(body).toString());
    batches.push(texts);
    if (refused.includes(batches.length)) throw new Error('refused');
    accepted.push(...texts);
  };
  const processor = { batchLimit: 1000, drops: false, process };
  const context = { name: 'r1', log: silentLogger, clock: clock as Clock, counters: sourceCounters(), processor };
  const source = configured(type, properties, context);
  await source.start();
  ends.push(() => source.stop());
  return { source, clock, batches, accepted };
}

/** Lets the source run, and time pass, until the condition holds. */
async function passing(made: Puts, condition: () => boolean): Promise<void> {
  await until(async () => {
    await settle();
    if (!condition()) made.clock.advance(1000);
    return condition();
  });
  await settle();
}

describe('TestSequenceGeneratorSource', () => {
  it('testsequencegeneratorsource/testsingleevents#157: a put that is refused comes again', async () => {
    const made = await putting(seq, { batchSize: 1, totalEvents: 5 }, [2]);
    await passing(made, () => made.accepted.length === 5);
    expect([made.batches.length, made.accepted]).toEqual([6, ['0', '1', '2', '3', '4']]);
  });

  it('testsequencegeneratorsource/testbatch#472: so does a batch', async () => {
    const made = await putting(seq, { batchSize: 3, totalEvents: 5 }, [2]);
    await passing(made, () => made.accepted.length === 5);
    expect(made.batches).toEqual([
      ['0', '1', '2'],
      ['3', '4'],
      ['3', '4'],
    ]);
  });
});

describe('TestStressSource', () => {
  it('teststresssource/testmaxtotalevents#158: it puts as many as it is told', async () => {
    const made = await putting(stress, { maxTotalEvents: 35 });
    await made.source.whenEnded();
    expect(made.batches.length).toBe(35);
  });

  it('teststresssource/testmaxsuccessfulevents#473: what is refused does not count', async () => {
    const made = await putting(stress, { maxSuccessfulEvents: 35 }, [11, 22]);
    await passing(made, () => made.accepted.length === 35);
    expect(made.batches.length).toBe(37);
  });

  it('teststresssource/testbatchevents#159: the last batch has what is left', async () => {
    const made = await putting(stress, { maxTotalEvents: 35, batchSize: 10 });
    await made.source.whenEnded();
    expect(made.batches.map((batch) => batch.length)).toEqual([10, 10, 10, 5]);
  });

  it('teststresssource/testbatcheventswithoutmattotalevents#160: without a limit all batches are whole', async () => {
    const made = await putting(stress, { batchSize: 10 });
    await until(() => made.batches.length >= 10);
    await made.source.stop();
    expect(new Set(made.batches.map((batch) => batch.length))).toEqual(new Set([10]));
  });

  it('teststresssource/testratelimitedeventsnobatch#161: twenty at twenty in a second take a second', async () => {
    const made = await putting(stress, { maxTotalEvents: 20, maxEventsPerSecond: 20 });
    const started = made.clock.now();
    await until(async () => {
      await settle();
      if (made.accepted.length < 20) made.clock.advance(10);
      return made.accepted.length === 20;
    });
    const seconds = (made.clock.now() - started) / 1000;
    expect(seconds).toBeGreaterThan(0.7);
    expect(seconds).toBeLessThan(1.3);
  });
});

describe('TestNetcatSource', () => {
  it('testnetcatsource/testsourcestoppedonflumeexception#5: a port that is taken lets the start fail, and the source stops', async () => {
    const other = net.createServer().listen(0, '0.0.0.0');
    await new Promise((resolve) => other.once('listening', resolve));
    ends.push(() => other.close());
    const { source } = await rig(netcat, { bind: '0.0.0.0', port: (other.address() as net.AddressInfo).port });
    await expect(source.start()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    await source.stop();
    expect(source.address).toBeUndefined();
  });
});

describe('syslog', () => {
  function send(port: number, text: string): net.Socket {
    const socket = net.connect(port, '127.0.0.1');
    ends.push(() => socket.destroy());
    socket.end(text);
    return socket;
  }

  it('testmultiportsyslogtcpsource/testmultipleports#53: each port has its event, which names it', async () => {
    const ports = new Set<number>();
    while (ports.size < 100) ports.add(await freePort());
    const made = await rig(multiportSyslogTcp, { host: '127.0.0.1', ports: [...ports].join(' '), portHeader: 'port' });
    await made.source.start();
    ends.push(() => made.source.stop());
    for (const port of ports) send(port, `<10>2026-01-02T03:04:05Z localhost.localdomain proc1 - some msg ${port}\n`);
    await until(() => made.counters.EventAcceptedCount === ports.size);
    const events = await made.takeAll();
    expect(new Set(events.map(({ headers }) => Number(headers['port'])))).toEqual(ports);
    for (const { body, headers } of events) {
      expect(headers).toMatchObject({
        host: 'localhost.localdomain',
        timestamp: String(Date.UTC(2026, 0, 2, 3, 4, 5)),
      });
      expect(Buffer.from(body).toString()).toBe(`proc1 - some msg ${headers['port']}`);
    }
  });

  it('testmultiportsyslogtcpsource/testerrorcounterchannelwritefail#55: a message that the channel refuses is counted', async () => {
    const made = await rig(multiportSyslogTcp, { host: '127.0.0.1', ports: '0' }, { capacity: 1 });
    await made.source.start();
    ends.push(() => made.source.stop());
    send(made.source.address?.port ?? 0, '<10>- h a\n<10>- h b\n');
    await until(() => made.counters.ChannelWriteFail > 0);
    // Flume drops the second one; here it waits for room.
    expect(await made.texts()).toEqual(['a']);
    expect(await made.next(1)).toEqual(['b']);
  });

  it('testsyslogtcpsource/testsourcecounter#62: ten messages are counted', async () => {
    const made = await rig(syslogTcp, { host: '127.0.0.1', port: 0, keepFields: 'all' });
    await made.source.start();
    ends.push(() => made.source.stop());
    send(made.source.address?.port ?? 0, '<10>1 - h x\n'.repeat(10));
    await until(() => made.counters.EventAcceptedCount === 10);
    expect(made.counters.EventReceivedCount).toBe(10);
  });
});

describe('TestExecSource', () => {
  it('testexecsource/testshutdown#168: a stop ends the command', async () => {
    // Another run of this test on the machine has a command of its own.
    const command = `sleep 272.${process.pid}`;
    const made = await rig(exec, { command, restart: false });
    await made.source.start();
    await until(() => processesOf(command).length > 0);
    await made.source.stop();
    expect(processesOf(command)).toEqual([]);
  });

  it('testexecsource/testbatchtimeout#474: lines come when the time of a batch is over, though it is not full', async () => {
    const file = path.join(ownDirectory(), 'lines');
    fs.writeFileSync(file, '');
    const clock = new ManualClock(0);
    const made = await rig(
      exec,
      { shell: '/bin/bash -c', command: `tail -f ${file}`, batchSize: 5000, batchTimeout: 750 },
      { clock },
    );
    await made.source.start();
    ends.push(() => made.source.stop());
    fs.appendFileSync(file, 'TestMessage0\nTestMessage1\nTestMessage2\n');
    const got: string[] = [];
    await until(async () => {
      clock.advance(100);
      got.push(...(await made.texts()));
      return got.length >= 3;
    });
    expect(got).toEqual(['TestMessage0', 'TestMessage1', 'TestMessage2']);
  });
});
