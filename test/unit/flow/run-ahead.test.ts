/** The stages of the next batch run while the outputs of the one before are waited for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { FlumePeer } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../../kit/wire.ts';

/** A job whose outputs can be held, fed by Flume clients; `mapped` tells which values its function has seen. */
async function heldRig(
  make: (texts: DStream<string>, ssc: StreamingContext) => DStream<unknown>,
  options: Partial<StreamingContextOptions> = {},
) {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {}, ...options });
  const mapped: string[] = [];
  const out: [number, unknown[]][] = [];
  const held: (() => void)[] = [];
  const texts = ssc.flumeStream({ host: '127.0.0.1', port: 0, peerRequestTimeout: '20s' }).map((event) => {
    mapped.push(event.text());
    return event.text();
  });
  make(texts, ssc).foreachRDD(async (rdd, time) => {
    await new Promise<void>((resolve) => held.push(resolve));
    out.push([time, await rdd.collect()]);
  });
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  await ssc.start();
  const names = seen.flatMap((event) => (event.type === 'receiverStarted' ? [event.name] : []));
  const port = Number(names.map((name) => /:(\d+)$/.exec(name)?.[1]).find((found) => found !== undefined));
  const connect = async () => new FlumePeer(await RawClient.connect(port));
  /** Sends, turns the clock to the next tick, and waits until the output of that batch is held. */
  const batchOf = async (peer: FlumePeer, ...texts: string[]): Promise<number> => {
    const serial = peer.send(...texts);
    await until(() => ssc.waitingEvents === texts.length);
    const before = held.length;
    clock.advance(1000);
    await until(() => held.length > before);
    return serial;
  };
  return { clock, ssc, seen, mapped, out, held, connect, batchOf };
}

type Rig = Awaited<ReturnType<typeof heldRig>>;

/** Lets the next batch come while the output of the one before is held, until its stages have run, if they do. */
async function sendBehind(rig: Rig, peer: FlumePeer, ...texts: string[]): Promise<number> {
  const serial = peer.send(...texts);
  await until(() => rig.ssc.waitingEvents === texts.length);
  rig.clock.advance(1000);
  rig.clock.advance(2);
  return serial;
}

const itself = (texts: DStream<string>): DStream<unknown> => texts;

test('its functions have run before the batch before commits; nothing of it is answered or put out before its turn', async () => {
  const rig = await heldRig(itself);
  const peer = await rig.connect();
  const first = await rig.batchOf(peer, 'a');
  const second = await sendBehind(rig, peer, 'b', 'c');
  await until(() => rig.mapped.length === 3);
  expect(rig.held).toHaveLength(1);
  expect([peer.status(first), peer.status(second)]).toEqual([undefined, undefined]);
  expect(rig.ssc.waitingEvents).toBe(2);
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  expect(peer.status(second)).toBeUndefined();
  rig.held[1]?.();
  await until(() => peer.status(second) === 'OK');
  expect(rig.out).toEqual([
    [1000, ['a']],
    [2000, ['b', 'c']],
  ]);
  expect(rig.mapped).toEqual(['a', 'b', 'c']);
  await rig.ssc.stop({ graceful: false });
});

test('what came after it had begun is in the batch after it', async () => {
  const rig = await heldRig(itself);
  const peer = await rig.connect();
  await rig.batchOf(peer, 'a');
  await sendBehind(rig, peer, 'b');
  await until(() => rig.mapped.length === 2);
  peer.send('late');
  await until(() => rig.ssc.waitingEvents === 2);
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => rig.out.length === 2);
  rig.clock.advance(1000);
  await until(() => rig.held.length === 3);
  rig.held[2]?.();
  await until(() => rig.out.length === 3);
  expect(rig.out.map(([, values]) => values)).toEqual([['a'], ['b'], ['late']]);
  await rig.ssc.stop({ graceful: false });
});

test('a peer that takes its request back takes it out of the batch, whose stages then run again', async () => {
  const rig = await heldRig(itself);
  const [stays, goes] = [await rig.connect(), await rig.connect()];
  await rig.batchOf(stays, 'a');
  goes.send('gone');
  stays.send('b');
  await until(() => rig.ssc.waitingEvents === 2);
  rig.clock.advance(1000);
  rig.clock.advance(2);
  await until(() => rig.mapped.length === 3);
  goes.client.socket.destroy();
  await until(() => rig.ssc.waitingEvents === 1);
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => rig.out.length === 2);
  expect(rig.out).toEqual([
    [1000, ['a']],
    [2000, ['b']],
  ]);
  expect(rig.mapped.filter((text) => text === 'b')).toHaveLength(2);
  await rig.ssc.stop({ graceful: false });
});

test('a window does not hold the batch before, when that was given up after the next one had begun', async () => {
  const rig = await heldRig((texts) => texts.window(3000));
  const peer = await rig.connect();
  const first = await rig.batchOf(peer, 'given up');
  const second = await sendBehind(rig, peer, 'b');
  await until(() => rig.mapped.length === 2);
  // The first request has been held as long as its peer waits, the second one not yet.
  rig.clock.advanceTo(15_500);
  await until(() => rig.seen.some(({ type }) => type === 'batchGivenUp'));
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => rig.out.some(([time]) => time === 2000));
  expect(rig.out.find(([time]) => time === 2000)).toEqual([2000, ['b']]);
  await until(() => peer.status(second) === 'OK');
  expect(peer.status(first)).toBe('FAILED');
  await rig.ssc.stop({ graceful: false });
});

test('nothing begins on what a batch has left that was given up and whose output still hangs', async () => {
  let push: (values: readonly string[]) => void = () => {};
  const rig = await heldRig((texts, ssc) => {
    const values = ssc.valuesStream<string>();
    push = values.push;
    return texts.union(values.stream).window(3000);
  });
  const peer = await rig.connect();
  const first = peer.send('a');
  push(['b']);
  await until(() => rig.ssc.waitingEvents === 2);
  rig.clock.advance(1000);
  await until(() => rig.held.length === 1);
  rig.clock.advance(2);
  // The peer waits no longer; the value, which nobody sends again, waits for the next batch at once.
  rig.clock.advanceTo(15_500);
  await until(() => peer.status(first) === 'FAILED');
  await until(() => rig.ssc.waitingEvents === 1);
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => rig.out.some(([time]) => time === 2000));
  expect(rig.out.find(([time]) => time === 2000)).toEqual([2000, ['b']]);
  await rig.ssc.stop({ graceful: false });
});

test('what a function throws fails its own batch, when it is its turn, and a retry mends it', async () => {
  let broken = true;
  const rig = await heldRig((texts) =>
    texts.map((text) => {
      if (text === 'b' && broken) throw new Error('not yet');
      return text;
    }),
  );
  const peer = await rig.connect();
  await rig.batchOf(peer, 'a');
  await sendBehind(rig, peer, 'b');
  // Once more than it is given: to find out which function threw, the value goes through them again.
  await until(() => rig.mapped.length >= 2);
  expect(rig.seen.some(({ type }) => type === 'batchFailed')).toBe(false);
  rig.held[0]?.();
  await until(() => rig.seen.some((event) => event.type === 'batchFailed' && event.time === 2000));
  broken = false;
  rig.clock.advance(100);
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => rig.out.length === 2);
  expect(rig.out[1]).toEqual([2000, ['b']]);
  await rig.ssc.stop({ graceful: false });
});

test('a stop while its stages are waited for gives it back', async () => {
  const stages: (() => void)[] = [];
  const rig = await heldRig((texts) =>
    texts.mapAsync(async (text) => {
      if (text === 'b') await new Promise<void>((resolve) => stages.push(resolve));
      return text;
    }),
  );
  const peer = await rig.connect();
  const first = await rig.batchOf(peer, 'a');
  const second = await sendBehind(rig, peer, 'b');
  await until(() => stages.length === 1);
  rig.held[0]?.();
  await until(() => peer.status(first) === 'OK');
  await rig.ssc.stop({ graceful: false });
  expect(rig.seen.find(({ type }) => type === 'givenBack')).toMatchObject({ events: 1, batches: 0 });
  expect(peer.status(second)).not.toBe('OK');
});

test('a batch that fails for good does not wait for the stages of the next one', async () => {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {}, onFailure: 'stop' });
  const { stream, push } = ssc.valuesStream<string>();
  let hangs = false;
  let fail: ((error: Error) => void) | undefined;
  stream
    .mapAsync(async (text) => {
      if (text === 'hangs') {
        hangs = true;
        await new Promise(() => {});
      }
      return text;
    })
    .foreachRDD(() => new Promise<void>((_, reject) => (fail = reject)));
  await ssc.start();
  push(['a']);
  clock.advance(1000);
  await until(() => fail !== undefined);
  push(['hangs']);
  clock.advance(1000);
  clock.advance(2);
  await until(() => hangs);
  fail?.(new Error('the database is down'));
  await expect(ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
});

test('an output that is run again does not wait for the stages of the next batch', async () => {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
  const { stream, push } = ssc.valuesStream<string>();
  const waiting: (() => void)[] = [];
  const out: string[][] = [];
  let fails: (() => void) | undefined;
  stream
    .mapAsync(async (text) => {
      if (text === 'waits') await new Promise<void>((resolve) => waiting.push(resolve));
      return text;
    })
    .foreachRDD(async (rdd) => {
      if (fails === undefined) await new Promise<void>((_, reject) => (fails = () => reject(new Error('once'))));
      out.push(await rdd.collect());
    });
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  await ssc.start();
  push(['a']);
  clock.advance(1000);
  await until(() => fails !== undefined);
  push(['waits']);
  clock.advance(1000);
  clock.advance(2);
  await until(() => waiting.length === 1);
  fails?.();
  await until(() => seen.some(({ type }) => type === 'batchFailed'));
  clock.advance(100);
  await until(() => out.length === 1);
  waiting[0]?.();
  await until(() => out.length === 2);
  expect(out).toEqual([['a'], ['waits']]);
  await ssc.stop({ graceful: false });
});

test('a stop gives back what had run ahead', async () => {
  const rig = await heldRig(itself);
  const peer = await rig.connect();
  const first = await rig.batchOf(peer, 'a');
  const second = await sendBehind(rig, peer, 'b');
  await until(() => rig.mapped.length === 2);
  await rig.ssc.stop({ graceful: false });
  expect(rig.out).toEqual([]);
  expect([peer.status(first), peer.status(second)]).not.toContain('OK');
});

test('with cut: eager a batch begins as soon as something waits', async () => {
  const rig = await heldRig(itself, { cut: 'eager' });
  const peer = await rig.connect();
  peer.send('a');
  await until(() => rig.held.length === 1);
  rig.clock.advance(2);
  const second = peer.send('b');
  await until(() => rig.mapped.length === 2);
  expect(rig.held).toHaveLength(1);
  rig.held[0]?.();
  await until(() => rig.held.length === 2);
  rig.held[1]?.();
  await until(() => peer.status(second) === 'OK');
  expect(rig.out.map(([, values]) => values)).toEqual([['a'], ['b']]);
  await rig.ssc.stop({ graceful: false });
});

describe('where order forbids it, functions see an event only after the commit of the batch before', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-run-ahead-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const cases: [string, Parameters<typeof heldRig>[0], Partial<StreamingContextOptions>][] = [
    [
      'a state',
      (texts) =>
        texts
          .map((text) => [text, 1] as const)
          .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length),
      {},
    ],
    [
      'an accumulator',
      (texts, ssc) => {
        ssc.accumulator();
        return texts;
      },
      {},
    ],
    ['one batch at a time', itself, { batchesInFlight: 1 }],
    ['dead letters', itself, { onPoison: 'skip', deadLetterFile: path.join(directory, 'dead.jsonl') }],
  ];
  for (const [name, make, options] of cases) {
    test(name, async () => {
      const rig = await heldRig(make, options);
      const peer = await rig.connect();
      await rig.batchOf(peer, 'a');
      await sendBehind(rig, peer, 'b');
      expect(rig.mapped).toEqual(['a']);
      rig.held[0]?.();
      await until(() => rig.held.length === 2);
      expect(rig.mapped).toEqual(['a', 'b']);
      rig.held[1]?.();
      await until(() => rig.out.length === 2);
      await rig.ssc.stop({ graceful: false });
    });
  }
});
