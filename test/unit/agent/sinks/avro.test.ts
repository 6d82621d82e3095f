/** What the Avro sink promises. */
import { afterEach, describe, expect, it } from 'vitest';
import { avro } from '../../../../src/agent/sinks/avro.ts';
import { put, settle } from '../channels/use.ts';
import { avroPeer, type Peer, type SinkRig, sinkRig, until } from './rig.ts';

const peers: Peer[] = [];
const rigs: SinkRig[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
  for (const made of rigs.splice(0)) {
    const stopped = made.stop();
    let done = false;
    void stopped.finally(() => {
      done = true;
    });
    while (!done) {
      made.clock.advance(1000);
      await settle();
    }
    await stopped;
  }
});

async function rigTo(
  pipeline: number,
  properties: Record<string, string | number> = {},
): Promise<SinkRig & { peer: Peer }> {
  const peer = await avroPeer(pipeline);
  peers.push(peer);
  const made = await sinkRig(avro, { hostname: '127.0.0.1', port: peer.port, 'batch-size': 2, ...properties });
  rigs.push(made);
  return { ...made, peer };
}

const textsOf = (peer: Peer): string[][] => peer.waiting.map(({ texts }) => texts);

describe('avro sink', () => {
  it('has one request in flight with a peer that does not pipeline, and commits after OK only', async () => {
    const { peer, channel, counters } = await rigTo(1);
    await put(channel, 'a', 'b', 'c');
    await until(() => peer.waiting.length === 1);
    expect(textsOf(peer)).toEqual([['a', 'b']]);
    expect(channel.size).toBe(3);
    peer.waiting[0]?.answer('OK');
    await until(() => peer.waiting.length === 2);
    expect(channel.size).toBe(1);
    peer.waiting[1]?.answer('OK');
    await channel.whenEmpty();
    expect(textsOf(peer)).toEqual([['a', 'b'], ['c']]);
    await until(() => counters.EventDrainSuccessCount === 3);
    expect(counters).toMatchObject({
      BatchCompleteCount: 1,
      BatchUnderflowCount: 1,
      ConnectionCreatedCount: 1,
    });
  });

  it('sends an event at once though it fills no batch', async () => {
    const { peer, channel } = await rigTo(100);
    await put(channel, 'a');
    await until(() => peer.waiting.length === 1);
    await put(channel, 'b');
    await until(() => peer.waiting.length === 2);
    expect(textsOf(peer)).toEqual([['a'], ['b']]);
    for (const { answer } of peer.waiting) answer('OK');
    await channel.whenEmpty();
  });

  it('pipelines to a peer that allows it, up to the smaller of both limits, and commits each answered batch by itself', async () => {
    const { peer, channel } = await rigTo(100, { pipeline: 3 });
    await put(channel, ...'abcdefghij');
    await until(() => peer.waiting.length === 3);
    peer.waiting[1]?.answer('OK');
    await until(() => peer.waiting.length === 4);
    expect(textsOf(peer)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
      ['g', 'h'],
    ]);
    expect(channel.size).toBe(8);
    for (const { answer } of peer.waiting) answer('OK');
    await until(() => peer.waiting.length === 5);
    peer.waiting[4]?.answer('OK');
    await channel.whenEmpty();
  });

  it('takes back all that was not acknowledged, in order, after FAILED, and sends it again on a new connection after 5 s', async () => {
    const { peer, channel, clock, lines } = await rigTo(100);
    await put(channel, ...'abcdefgh');
    await until(() => peer.waiting.length === 4);
    peer.waiting[1]?.answer('OK');
    peer.waiting[2]?.answer('FAILED');
    await until(() => channel.size === 6);
    const first = peer.waiting[0]?.request.connection.id;
    peer.waiting.length = 0;
    // Answers to the rest are waited for, for a second; then the connection is closed, and 5 s later a new one made.
    await until(() => {
      clock.advance(500);
      return peer.waiting.length === 3;
    });
    expect(textsOf(peer)).toEqual([
      ['a', 'b'],
      ['e', 'f'],
      ['g', 'h'],
    ]);
    expect(peer.waiting[0]?.request.connection.id).not.toBe(first);
    expect(lines).toContainEqual(expect.stringContaining('Unable to deliver event.'));
    for (const { answer } of peer.waiting) answer('OK');
    await channel.whenEmpty();
  });

  it.each([1, 100])('sends again what was in flight when the connection closed (pipeline %i)', async (pipeline) => {
    const { peer, channel, clock } = await rigTo(pipeline);
    await put(channel, ...'abc');
    await until(() => peer.waiting.length >= 1);
    peer.waiting[0]?.request.connection.close('test');
    peer.waiting.length = 0;
    await until(() => {
      clock.advance(500);
      return peer.waiting.length >= 1;
    });
    expect(textsOf(peer)[0]).toEqual(['a', 'b']);
    expect(channel.size).toBe(3);
    peer.waiting[0]?.answer('OK');
    await until(() => peer.waiting.length === 2);
    peer.waiting[1]?.answer('OK');
    await channel.whenEmpty();
  });

  it('gives up a request that is not answered within request-timeout', async () => {
    const { peer, channel, clock, lines } = await rigTo(1, { 'request-timeout': 2000 });
    await put(channel, 'a');
    await until(() => peer.waiting.length === 1);
    clock.advance(2000);
    await until(() => lines.some((line) => line.includes('did not answer')));
    expect(channel.size).toBe(1);
    clock.advance(5000);
    await until(() => peer.waiting.length === 2);
    peer.waiting[1]?.answer('OK');
    await channel.whenEmpty();
  });

  it('delivers to a peer that comes later', async () => {
    const gone = await avroPeer(1);
    await gone.close();
    const made = await sinkRig(avro, { hostname: '127.0.0.1', port: gone.port });
    rigs.push(made);
    await put(made.channel, 'a');
    await until(() => made.counters.ConnectionFailedCount === 1);
    const peer = await avroPeer(1, gone.port);
    peers.push(peer);
    await until(() => {
      made.clock.advance(1000);
      return peer.waiting.length === 1;
    });
    peer.waiting[0]?.answer('OK');
    await made.channel.whenEmpty();
  });

  it('connects anew without an error when its idle connection was closed', async () => {
    const { peer, channel, lines } = await rigTo(1);
    await put(channel, 'a');
    await until(() => peer.waiting.length === 1);
    peer.waiting[0]?.answer('OK');
    await channel.whenEmpty();
    peer.waiting[0]?.request.connection.close('idle');
    await until(() => lines.some((line) => line.includes('is closed')));
    await put(channel, 'b');
    await until(() => peer.waiting.length === 2);
    peer.waiting[1]?.answer('OK');
    await channel.whenEmpty();
    expect(lines.filter((line) => line.includes('Unable'))).toEqual([]);
  });

  it('waits at a stop for the answers under way', async () => {
    const { peer, channel, stop } = await rigTo(100);
    await put(channel, 'a', 'b');
    await until(() => peer.waiting.length === 1);
    const stopped = stop();
    peer.waiting[0]?.answer('OK');
    await stopped;
    expect(channel.size).toBe(0);
  });
});
