/** The counters of an agent by HTTP: Flume's JSON, Prometheus's text. */
import http from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { flumeJson } from '../../../../src/agent/monitoring/flume-json.ts';
import { prometheusText } from '../../../../src/agent/monitoring/prometheus.ts';
import { MonitorServer } from '../../../../src/agent/monitoring/server.ts';
import { Agent } from '../../../../src/agent/runtime/agent.ts';
import { monitorPort } from '../../../../src/cli/monitor-port.ts';
import { UsageError } from '../../../../src/cli/usage-error.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { until } from '../../../kit/until.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('by HTTP', () => {
  it("testhttpmetricsserver/testjson#516: /metrics has Flume's JSON, every value a text", async () => {
    const text = [
      'a1.sources = r1',
      'a1.channels = memChannel',
      'a1.sources.r1.type = seq',
      'a1.sources.r1.totalEvents = 2',
      'a1.sources.r1.channels = memChannel',
      'a1.channels.memChannel.type = memory',
    ].join('\n');
    const agent = Agent.fromText(text, 'flume.conf', { log: silentLogger });
    await agent.start();
    ends.push(() => agent.stop());
    await until(() => agent.counters()['SOURCE.r1']?.['EventAcceptedCount'] === 2);
    const monitor = await MonitorServer.listen(agent, { port: 0, host: '127.0.0.1', clock: new ManualClock(1234) });
    ends.push(() => monitor.close());
    const at = `http://127.0.0.1:${monitor.port}`;
    const answer = await fetch(`${at}/METRICS`);
    expect(answer.headers.get('content-type')).toBe('application/json;charset=utf-8');
    const json = (await answer.json()) as Record<string, Record<string, string>>;
    expect(json['CHANNEL.memChannel']).toMatchObject({
      ChannelSize: '2',
      ChannelCapacity: '100',
      ChannelFillPercentage: '2.0',
      EventPutSuccessCount: '2',
      Type: 'CHANNEL',
      StartTime: '1234',
      StopTime: '0',
    });
    expect(json['SOURCE.r1']).toMatchObject({ Type: 'SOURCE', EventAcceptedCount: '2' });
    expect(
      Object.values(json)
        .flatMap((own) => Object.values(own))
        .every((value) => typeof value === 'string'),
    ).toBe(true);
    const prometheus = await fetch(`${at}/metrics/prometheus`);
    expect(prometheus.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await prometheus.text()).toContain('agent_channel_size{agent="a1",component="CHANNEL.memChannel"} 2\n');
    expect(await (await fetch(`${at}/healthz`)).text()).toBe('ok\n');
    expect((await fetch(`${at}/`)).status).toBe(200);
    expect((await fetch(`${at}/other`)).status).toBe(404);
    await expect(
      MonitorServer.listen(agent, { port: monitor.port, host: '127.0.0.1', clock: new ManualClock(0) }),
    ).rejects.toMatchObject({
      code: 'PORT_IN_USE',
    });
  });
});

it.each([
  ['testhttpmetricsserver/testtrace#311', 'TRACE'],
  ['testhttpmetricsserver/testoptions#312', 'OPTIONS'],
])('%s: %s is answered 403', async (_id, method) => {
  const monitor = await MonitorServer.listen(
    { name: 'a1', counters: () => ({}) },
    { port: 0, host: '127.0.0.1', clock: new ManualClock(0) },
  );
  ends.push(() => monitor.close());
  const status = await new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port: monitor.port, method, path: '/metrics' });
    request.once('response', (response) => resolve(response.statusCode));
    request.end();
  });
  expect(status).toBe(403);
});

it('a channel without capacity is not full', () => {
  expect(
    flumeJson({ 'CHANNEL.c': { ChannelSize: 1, ChannelCapacity: 3 } }, 0, 0)['CHANNEL.c']?.['ChannelFillPercentage'],
  ).toBe(String((1 / 3) * 100));
  expect(flumeJson({ 'CHANNEL.c': { ChannelSize: 0, ChannelCapacity: 0 } }, 0, 5)['CHANNEL.c']).toMatchObject({
    ChannelFillPercentage: '0.0',
    StopTime: '5',
  });
});

it('Prometheus gets counters and gauges once each, with their labels escaped', () => {
  expect(
    prometheusText('a"1', {
      'SOURCE.r1': { EventReadFail: 1 },
      'SOURCE.r2': { EventReadFail: 2, OpenConnectionCount: 3 },
    }),
  ).toBe(
    [
      '# HELP agent_event_read_fail events that the source could not read',
      '# TYPE agent_event_read_fail counter',
      'agent_event_read_fail{agent="a\\"1",component="SOURCE.r1"} 1',
      'agent_event_read_fail{agent="a\\"1",component="SOURCE.r2"} 2',
      '# HELP agent_open_connection_count connections that are open',
      '# TYPE agent_open_connection_count gauge',
      'agent_open_connection_count{agent="a\\"1",component="SOURCE.r2"} 3',
      '',
    ].join('\n'),
  );
});

describe('the port', () => {
  it('is that of the flag, or of the properties of Flume', () => {
    expect(monitorPort(undefined, {}, silentLogger)).toBeUndefined();
    expect(monitorPort(1, { 'flume.monitoring.type': 'http', 'flume.monitoring.port': '2' }, silentLogger)).toBe(1);
    expect(
      monitorPort(undefined, { 'flume.monitoring.type': 'HTTP', 'flume.monitoring.port': '2' }, silentLogger),
    ).toBe(2);
    expect(monitorPort(undefined, { 'flume.monitoring.type': 'http' }, silentLogger)).toBe(41414);
  });

  it('must be one, and other kinds of monitoring are told', () => {
    expect(() => monitorPort(70_000, {}, silentLogger)).toThrow(UsageError);
    expect(() =>
      monitorPort(undefined, { 'flume.monitoring.type': 'http', 'flume.monitoring.port': 'x' }, silentLogger),
    ).toThrow(UsageError);
    const { lines, log } = collectingLogger();
    expect(monitorPort(undefined, { 'flume.monitoring.type': 'ganglia' }, log)).toBeUndefined();
    expect(lines).toHaveLength(1);
  });
});
