/** The http sink: what becomes of an event by the status that is answered, by the cases of Flume's own tests. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type SinkCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import { httpSink } from '../../../../src/agent/sinks/http.ts';
import type { Sink, SinkStatus } from '../../../../src/agent/sinks/sink.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { until } from '../../../kit/until.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { put, take } from '../channels/use.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface Rig {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly counters: SinkCounters;
  readonly clock: ManualClock;
  readonly bodies: string[];
  readonly lines: ReturnType<typeof collectingLogger>['lines'];
  connections: number;
  /** Lets the sink process once; what it waits for passes. */
  once(): Promise<SinkStatus>;
}

/** @param answers statuses, in turn; undefined: none comes */
async function rig(
  answers: readonly (number | undefined)[],
  properties: Record<string, string | number> = {},
): Promise<Rig> {
  const bodies: string[] = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      const status = answers[bodies.length - 1];
      if (status !== undefined) response.writeHead(status).end(status === 204 ? undefined : 'answer');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const clock = new ManualClock(0);
  const { lines, log } = collectingLogger();
  const channel = makeChannel(memory, { 'keep-alive': 0 });
  await channel.start();
  const counters = sinkCounters();
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`;
  const sink = configured(httpSink, { endpoint, ...properties }, { name: 'k1', log, clock, counters, channel });
  await sink.start();
  ends.push(() => sink.stop());
  const once = async (): Promise<SinkStatus> => {
    const asked = bodies.length;
    const work = sink.process(new AbortController().signal);
    let done = false;
    void work.finally(() => {
      done = true;
    });
    await until(async () => {
      // Time passes once the answer is there, or none will come.
      if (bodies.length > asked) clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 2));
      return done;
    });
    return await work;
  };
  const made: Rig = { sink, channel, counters, clock, bodies, lines, connections: 0, once };
  server.on('connection', () => made.connections++);
  return made;
}

const left = (channel: Channel): string[] => take(channel, 10).texts;

describe('by status', () => {
  it.each([
    [
      'testhttpsink/ensurerollbackbackoffandincrementmetricsifconfigured#214',
      { defaultRollback: 'true', defaultBackoff: 'true', defaultIncrementMetrics: 'true' },
      [200],
      ['a'],
      'backoff',
      1,
    ],
    [
      'testhttpsink/ensurecommitreadyandnoincrementmetricsifconfigured#488',
      { defaultRollback: 'false', defaultBackoff: 'false', defaultIncrementMetrics: 'false' },
      [200],
      [],
      'ready',
      0,
    ],
    [
      'testhttpsink/ensuresinglestatusconfigurationcorrectlyused#215',
      { 'rollback.200': 'false', 'backoff.200': 'false', 'incrementMetrics.200': 'true' },
      [200],
      [],
      'ready',
      1,
    ],
    [
      'testhttpsink/ensuresingleerrorstatusconfigurationcorrectlyused#216',
      { 'rollback.401': 'false', 'backoff.401': 'false', 'incrementMetrics.401': 'false' },
      [401],
      [],
      'ready',
      0,
    ],
    [
      'testhttpsink/ensuresinglestatusconfigurationoverridesgroupconfigurationcorrectly#489',
      {
        'rollback.2XX': 'false',
        'backoff.2XX': 'false',
        'incrementMetrics.2XX': 'true',
        'rollback.200': 'true',
        'backoff.200': 'true',
        'incrementMetrics.200': 'false',
      },
      [200],
      ['a'],
      'backoff',
      0,
    ],
  ] as const)('%s: with %j', async (_id, properties, answers, rest, status, delivered) => {
    const made = await rig(answers, properties as unknown as Record<string, string>);
    await put(made.channel, 'a');
    expect(await made.once()).toBe(status);
    expect(left(made.channel)).toEqual(rest);
    expect(made.counters.EventDrainSuccessCount).toBe(delivered);
    expect(made.bodies).toEqual(['a']);
  });

  it('testhttpsink/ensuregroupconfigurationcorrectlyused#217: of a hundred', async () => {
    const made = await rig([200, 204], {
      'rollback.2XX': 'false',
      'backoff.2XX': 'false',
      'incrementMetrics.2XX': 'true',
    });
    await put(made.channel, 'a', 'b');
    expect([await made.once(), await made.once()]).toEqual(['ready', 'ready']);
    expect([left(made.channel), made.counters.EventDrainSuccessCount]).toEqual([[], 2]);
  });

  it('testhttpsink/ensurebackoffonemptyevent#213: an event without a body leaves the channel without a request', async () => {
    const made = await rig([]);
    await put(made.channel, '');
    expect(await made.once()).toBe('backoff');
    expect([left(made.channel), made.bodies, made.counters.EventDrainAttemptCount]).toEqual([[], [], 0]);
  });
});

const TAKEN = { 'backoff.200': 'false', 'rollback.200': 'false' };

describe('against a server', () => {
  it('testhttpsinkit/ensureeventsresenton503failure#218: an event is sent again after 503', async () => {
    const made = await rig([503, 200], TAKEN);
    await put(made.channel, 'a');
    expect([await made.once(), await made.once()]).toEqual(['backoff', 'ready']);
    expect([made.bodies, left(made.channel)]).toEqual([['a', 'a'], []]);
  });

  it('testhttpsinkit/ensureeventsnotresenton401failure#219: and not after 401, where the file says so', async () => {
    const made = await rig([401, 200], { ...TAKEN, 'backoff.401': 'false', 'rollback.401': 'false' });
    await put(made.channel, 'a', 'b');
    expect([await made.once(), await made.once()]).toEqual(['ready', 'ready']);
    expect(made.bodies).toEqual(['a', 'b']);
  });

  it('testhttpsinkit/ensureeventsresentonrequesttimeout#220: and when no answer came in time', async () => {
    const made = await rig([undefined, 200], { ...TAKEN, requestTimeout: 2000 });
    await put(made.channel, 'a');
    expect([await made.once(), await made.once()]).toEqual(['backoff', 'ready']);
    expect([made.bodies, made.counters.EventWriteFail]).toEqual([['a', 'a'], 1]);
    expect(made.lines.map(({ message }) => message).join()).toContain('no answer within 2000 ms');
  });

  it('testhttpsinkit/ensurehttpconnectionreusedforsuccessfulrequests#490: one connection is used for all', async () => {
    const made = await rig([200, 200, 200], TAKEN);
    await put(made.channel, 'a', 'b', 'c');
    for (let i = 0; i < 3; i++) expect(await made.once()).toBe('ready');
    expect([made.bodies, made.connections]).toEqual([['a', 'b', 'c'], 1]);
  });

  it('a stop ends a request that is not answered, and the event is in the channel', async () => {
    const made = await rig([undefined], TAKEN);
    await put(made.channel, 'a');
    const stop = new AbortController();
    const work = made.sink.process(stop.signal);
    await until(() => made.bodies.length === 1);
    stop.abort();
    await work;
    expect(left(made.channel)).toEqual(['a']);
  });
});

it('warns of a configuration that sends an event again after 200', async () => {
  expect((await rig([])).lines.map(({ message }) => message).join()).toContain('answered 200 is sent again for ever');
  expect((await rig([], TAKEN)).lines).toEqual([]);
});

it.each([
  [{ endpoint: 'localhost:80' }, 'endpoint is "localhost:80", expected a URL'],
  [{ endpoint: 'http://x', 'rollback.20': 'true' }, 'rollback.20 names no status'],
])('refuses %j', async (properties, reason) => {
  await expect(rig([], properties as unknown as Record<string, string>)).rejects.toThrow(reason);
});
