import { afterEach, describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { arrived, FlumePeer, type PushRig, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../../kit/wire.ts';

const RIGS: PushRig[] = [];
afterEach(async () => {
  for (const rig of RIGS.splice(0)) await rig.stop();
});

async function open(...args: Parameters<typeof pushRig>): Promise<PushRig> {
  const rig = await pushRig(...args);
  RIGS.push(rig);
  return rig;
}

/** A promise that is resolved from outside: an output that takes as long as the test wants. */
function gate(): { readonly passed: Promise<void>; readonly pass: () => void } {
  let pass: () => void = () => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  return { passed, pass };
}

describe('acknowledgement', () => {
  test('a request is answered OK after its batch has committed, not before', async () => {
    const running = gate();
    const { passed, pass } = gate();
    const rig = await open(async () => {
      running.pass();
      await passed;
    });
    const peer = await rig.connect();
    const serial = peer.send('a', 'b');
    await arrived(rig, 2);
    rig.clock.advanceTo(1000);
    await running.passed;
    expect(peer.status(serial)).toBeUndefined();
    pass();
    await until(() => peer.status(serial) === 'OK');
    await until(() => rig.batches.length === 1);
    expect(rig.batches[0]).toMatchObject({ time: 1000, events: 2, acked: 2 });
  });

  test('one request is never in two batches, and all requests that wait are in the next one', async () => {
    const batches: string[][] = [];
    const rig = await open(async (rdd) => void batches.push(await rdd.collect()));
    const [one, two] = await Promise.all([rig.connect(), rig.connect()]);
    one.send('1', '2', '3');
    one.send('4');
    await arrived(rig, 4);
    two.send('5');
    await arrived(rig, 5);
    await rig.tick();
    two.send('6');
    await arrived(rig, 1);
    await rig.tick();
    expect(batches).toEqual([['1', '2', '3', '4', '5'], ['6']]);
  });

  test('a request whose connection closed before it was cut is dropped: the sink sends it again', async () => {
    const batches: string[][] = [];
    const rig = await open(async (rdd) => void batches.push(await rdd.collect()));
    const peer = await rig.connect();
    peer.send('lost');
    await arrived(rig, 1);
    peer.client.socket.destroy();
    await until(() => rig.ssc.waitingEvents === 0);
    const again = await rig.connect();
    again.send('lost');
    await arrived(rig, 1);
    await rig.tick();
    expect(batches).toEqual([['lost']]);
  });

  test('a batch of no events is answered OK at once', async () => {
    const rig = await open(() => {});
    const peer = await rig.connect();
    const serial = peer.send();
    await until(() => peer.status(serial) === 'OK');
  });
});

describe('failure', () => {
  test('a failing output is run again on the same data; only then the batch commits and is acknowledged', async () => {
    const attempts: string[][] = [];
    let broken = true;
    const rig = await open(async (rdd) => {
      attempts.push(await rdd.collect());
      if (broken) throw new Error('the database is away');
    });
    const peer = await rig.connect();
    const serial = peer.send('a');
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await until(() => rig.seen.filter(({ type }) => type === 'batchFailed').length === 1);
    expect(peer.status(serial)).toBeUndefined();
    broken = false;
    await until(() => {
      rig.clock.advance(50);
      return peer.status(serial) === 'OK';
    });
    expect(attempts).toEqual([['a'], ['a']]);
    expect(rig.batches.map(({ time }) => time)[0]).toBe(1000);
  });

  test('no later batch overtakes a failing one', async () => {
    const order: number[] = [];
    let failures = 3;
    const rig = await open((_, time) => {
      if (failures-- > 0) throw new Error('not yet');
      order.push(time);
    });
    const peer = await rig.connect();
    peer.send('a');
    await arrived(rig, 1);
    await until(() => {
      rig.clock.advance(100);
      return order.length >= 2;
    });
    expect(order[0]).toBe(1000);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('stages run once: a retry sees what the first attempt worked out', async () => {
    const { clock, ssc } = contextOnly();
    let calls = 0;
    let attempts = 0;
    const input = ssc.valuesStream<number>();
    input.stream
      .map((n) => {
        calls++;
        return n;
      })
      .foreachRDD(async (rdd) => {
        expect(await rdd.collect()).toEqual([1, 2]);
        if (++attempts < 3) throw new Error('again');
      });
    await ssc.start();
    input.push([1, 2]);
    await until(() => {
      clock.advance(100);
      return attempts === 3;
    });
    await ssc.stop({ graceful: false });
    expect(calls).toBe(2);
  });

  test('outputs that have committed are not run again when a later one fails', async () => {
    const { clock, ssc } = contextOnly();
    const log: string[] = [];
    let broken = 2;
    const input = ssc.valuesStream<number>();
    input.stream.foreachRDD((_, time) => void log.push(`first ${time}`));
    input.stream.foreachRDD((_, time) => {
      if (broken-- > 0) throw new Error('second fails');
      log.push(`second ${time}`);
    });
    await ssc.start();
    input.push([1]);
    await until(() => {
      clock.advance(100);
      return log.includes('second 1000');
    });
    await ssc.stop({ graceful: false });
    expect(log.filter((line) => line.endsWith(' 1000'))).toEqual(['first 1000', 'second 1000']);
  });

  test("onFailure 'stop' answers FAILED and ends the context with the cause", async () => {
    const rig = await open(
      () => {
        throw new Error('boom');
      },
      { onFailure: 'stop' },
    );
    const peer = await rig.connect();
    const serial = peer.send('a');
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await expect(rig.ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
    await until(() => peer.status(serial) === 'FAILED');
    expect(rig.batches).toEqual([]);
  });

  test('maxRetries ends the retries', async () => {
    let attempts = 0;
    const rig = await open(
      () => {
        attempts++;
        throw new Error('boom');
      },
      { maxRetries: 2 },
    );
    const ended = expect(rig.ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
    const peer = await rig.connect();
    peer.send('a');
    await arrived(rig, 1);
    await until(() => {
      rig.clock.advance(100);
      return rig.ssc.getState() === 'stopped';
    });
    await ended;
    expect(attempts).toBe(3);
  });
});

describe('a request is held for at most 0.75 of the peer request timeout', () => {
  test('then it is answered FAILED, its batch given up uncommitted, and the events may come again', async () => {
    let broken = true;
    const committed: string[] = [];
    const rig = await open(async (rdd) => {
      if (broken) throw new Error('the output is away');
      committed.push(...(await rdd.collect()));
    });
    const peer = await rig.connect();
    const serial = peer.send('a');
    await arrived(rig, 1);
    await until(() => {
      rig.clock.advance(500);
      return peer.status(serial) !== undefined || rig.clock.now() > 20_000;
    });
    expect(peer.status(serial)).toBe('FAILED');
    expect(rig.clock.now()).toBeGreaterThanOrEqual(15_000);
    expect(rig.clock.now()).toBeLessThan(20_000);
    broken = false;
    await until(() => rig.seen.some(({ type }) => type === 'batchGivenUp'));
    const again = peer.send('a');
    await until(() => {
      rig.clock.advance(500);
      return peer.status(again) === 'OK';
    });
    expect(committed).toEqual(['a']);
  });

  test('a request that no batch has taken yet is answered FAILED and dropped', async () => {
    const { passed, pass } = gate();
    let first = true;
    const rig = await open(async () => {
      if (first) await passed;
      first = false;
    });
    const peer = await rig.connect();
    const one = peer.send('one');
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchStarted'));
    const two = peer.send('two');
    await arrived(rig, 1);
    rig.clock.advanceTo(16_500);
    await until(() => peer.status(two) === 'FAILED' && peer.status(one) === 'FAILED');
    expect(rig.ssc.waitingEvents).toBe(0);
    pass();
  });

  test('unless one of its outputs has already committed: then it goes on and is answered when it commits', async () => {
    const { passed, pass } = gate();
    const { clock, ssc } = contextOnly();
    const stream = ssc.flumeStream({ host: '127.0.0.1', port: 0 });
    const done: string[] = [];
    stream.foreachRDD((_, time) => void done.push(`first ${time}`));
    stream.foreachRDD(async (_, time) => {
      await passed;
      done.push(`second ${time}`);
    });
    const rig = await attach(ssc);
    const serial = rig.peer.send('a');
    await until(() => ssc.waitingEvents === 1);
    clock.advanceTo(1000);
    await until(() => done.length === 1);
    clock.advanceTo(18_000);
    expect(rig.peer.status(serial)).toBeUndefined();
    pass();
    await until(() => rig.peer.status(serial) === 'OK');
    expect(done.slice(0, 2)).toEqual(['first 1000', 'second 1000']);
    await ssc.stop({ graceful: false });
  });

  test('a window forgets a batch that was given up, so that its events count once when they come again', async () => {
    const { clock, ssc } = contextOnly();
    let broken = true;
    const windows: [number, string[]][] = [];
    ssc
      .flumeStream({ host: '127.0.0.1', port: 0 })
      .map((event) => event.text())
      .window(30_000, 1000)
      .foreachRDD(async (rdd, time) => {
        if (broken) throw new Error('away');
        windows.push([time, await rdd.collect()]);
      });
    const { peer } = await attach(ssc);
    const serial = peer.send('a');
    await until(() => ssc.waitingEvents === 1);
    await until(() => {
      clock.advance(500);
      return peer.status(serial) === 'FAILED';
    });
    broken = false;
    const again = peer.send('a');
    await until(() => {
      clock.advance(500);
      return peer.status(again) === 'OK';
    });
    expect(windows.at(-1)?.[1]).toEqual(['a']);
    await ssc.stop({ graceful: false });
  });
});

describe('back-pressure', () => {
  test('reading stops when the estimated delay exceeds half of the peer timeout, and goes on after', async () => {
    const { passed, pass } = gate();
    let first = true;
    const rig = await open(async () => {
      if (first) await passed;
      first = false;
    });
    const peer = await rig.connect();
    peer.send('a');
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchStarted'));
    rig.clock.advanceTo(11_500);
    peer.send('b');
    await until(() => rig.seen.some(({ type }) => type === 'readingPaused'));
    const unread = peer.send('c');
    pass();
    await until(() => rig.seen.some(({ type }) => type === 'readingResumed'));
    await until(() => {
      rig.clock.advance(500);
      return peer.status(unread) === 'OK';
    });
  });

  test('an output that merely hangs stops the reading too, when its time is over', async () => {
    const { passed, pass } = gate();
    const rig = await open(() => passed);
    const peer = await rig.connect();
    peer.send('a');
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await until(() => rig.seen.some(({ type }) => type === 'batchStarted'));
    rig.clock.advanceTo(10_900);
    expect(rig.seen.some(({ type }) => type === 'readingPaused')).toBe(false);
    rig.clock.advanceTo(11_100);
    expect(rig.seen.some(({ type }) => type === 'readingPaused')).toBe(true);
    pass();
  });

  test('reading stops when received data takes more memory than allowed', async () => {
    const rig = await open(() => {}, { maxBacklogBytes: 1000 });
    const peer = await rig.connect();
    peer.send('x'.repeat(2000));
    await until(() => rig.seen.some(({ type }) => type === 'readingPaused'));
    await rig.tick();
    expect(rig.seen.some(({ type }) => type === 'readingResumed')).toBe(true);
  });
});

test('a batch interval over half of the peer request timeout is refused, with what to set on both sides', () => {
  const ssc = new StreamingContext({ batchInterval: '11s' });
  expect(() => ssc.flumeStream({ port: 0 })).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(/request-timeout.*peerRequestTimeout: 22000/),
    }),
  );
  expect(() => ssc.flumeStream({ port: 0, peerRequestTimeout: '22s' })).not.toThrow();
});

test('a graceful stop commits what was received, then ends', async () => {
  const batches: string[][] = [];
  const rig = await open(async (rdd) => void batches.push(await rdd.collect()));
  const peer = await rig.connect();
  const serial = peer.send('a');
  await arrived(rig, 1);
  const stopped = rig.ssc.stop();
  rig.clock.advanceTo(1000);
  await stopped;
  expect(batches).toEqual([['a']]);
  await until(() => peer.status(serial) === 'OK');
});

test('a stop that is not graceful answers FAILED to what has not committed', async () => {
  const rig = await open(() => {});
  const peer = await rig.connect();
  const serial = peer.send('a');
  await arrived(rig, 1);
  await rig.ssc.stop({ graceful: false });
  await until(() => peer.status(serial) === 'FAILED');
});

function contextOnly() {
  const clock = new ManualClock(0);
  return { clock, ssc: new StreamingContext({ batchInterval: 1000, clock, write: () => {} }) };
}

async function attach(ssc: StreamingContext) {
  let name = '';
  ssc.events$.subscribe((event) => {
    if (event.type === 'receiverStarted') name = event.name;
  });
  await ssc.start();
  return { peer: new FlumePeer(await RawClient.connect(Number(/:(\d+)$/.exec(name)?.[1]))) };
}
