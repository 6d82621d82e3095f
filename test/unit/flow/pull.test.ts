/** The pull receiver's rules towards a sink, against a sink that is scripted here; the real SparkSink is in test/interop. */
import diagnostics from 'node:diagnostics_channel';
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import {
  decodeGetEventBatch,
  decodeSequence,
  encodeEventBatch,
  encodeNull,
  sparkSinkProtocol,
} from '../../../src/avro/protocols/spark-sink.ts';
import type { RpcRequest } from '../../../src/avro/rpc-request.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import type { FlumePullOptions } from '../../../src/flow/receive/flume-pull.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { frame } from '../../kit/wire.ts';

const CLOSERS: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of CLOSERS.splice(0).reverse()) await close();
});

/** A sink that gives what the test puts into it, and keeps polls waiting while there is nothing. */
class ScriptedSink {
  readonly asked: number[] = [];
  readonly settled: string[] = [];
  readonly connections = new Map<string, Set<number>>();
  answerSettling = true;
  #polls: RpcRequest[] = [];
  #ready: Buffer[] = [];
  #server: AvroRpcServer | undefined;

  async listen(port = 0): Promise<number> {
    this.#server = await AvroRpcServer.listen({
      host: '127.0.0.1',
      port,
      protocol: sparkSinkProtocol,
      owner: 'scripted sink',
      onRequest: (request) => this.#onRequest(request),
    });
    CLOSERS.push(() => this.close());
    return this.#server.address.port;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#polls = [];
  }

  give(sequenceNumber: string, ...bodies: string[]): void {
    this.#answer(
      encodeEventBatch({
        errorMsg: '',
        sequenceNumber,
        events: bodies.map((body) => ({ headers: {}, body: Buffer.from(body) })),
      }),
    );
  }

  giveError(errorMsg: string): void {
    this.#answer(encodeEventBatch({ errorMsg, sequenceNumber: '', events: [] }));
  }

  #answer(bytes: Buffer): void {
    this.#ready.push(bytes);
    this.#match();
  }

  #match(): void {
    while (this.#polls.length > 0 && this.#ready.length > 0)
      this.#polls.shift()?.reply(this.#ready.shift() ?? Buffer.alloc(0));
  }

  #onRequest(request: RpcRequest): void {
    const used = this.connections.get(request.message) ?? new Set();
    this.connections.set(request.message, used.add(request.connection.id));
    if (request.message === 'getEventBatch') {
      this.asked.push(decodeGetEventBatch(request.params));
      this.#polls.push(request);
      return this.#match();
    }
    this.settled.push(`${request.message} ${decodeSequence(request.params)}`);
    if (this.answerSettling) request.reply(encodeNull());
  }
}

async function rig(
  output: (values: string[]) => void | Promise<void>,
  options: { pull?: Partial<FlumePullOptions>; context?: Partial<StreamingContextOptions> } = {},
) {
  const sink = new ScriptedSink();
  const port = await sink.listen();
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {}, ...options.context });
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  ssc
    .flumePollingStream({ addresses: [`127.0.0.1:${port}`], ...options.pull })
    .map((event) => event.text())
    .foreachRDD(async (rdd) => output(await rdd.collect()));
  await ssc.start();
  CLOSERS.push(() => ssc.stop({ graceful: false }));
  const completed = () => seen.flatMap((event) => (event.type === 'batchCompleted' ? [event.batch] : []));
  return { sink, port, clock, ssc, seen, lines, completed };
}

describe('the pull receiver', () => {
  test('acknowledges a batch of the sink after its own batch has committed, on another connection than it polls on', async () => {
    const out: string[] = [];
    const { sink, clock, ssc, completed } = await rig((values) => void out.push(...values));
    sink.give('s1', 'a', 'b');
    await until(() => ssc.waitingEvents === 2);
    expect(sink.settled).toEqual([]);
    clock.advanceTo(1000);
    await until(() => completed().length === 1);
    expect(sink.settled).toEqual(['ack s1']);
    expect(out).toEqual(['a', 'b']);
    expect(completed()[0]).toMatchObject({ events: 2, acked: 2 });
    const [poll] = sink.connections.get('getEventBatch') ?? [];
    expect(sink.connections.get('ack')?.has(poll ?? 0)).toBe(false);
  });

  test('keeps as many batches open as parallelism says, and polls on when one is settled', async () => {
    const { sink, clock, ssc } = await rig(() => {}, { pull: { parallelism: 2, maxBatchSize: 10 } });
    sink.give('s1', 'a');
    sink.give('s2', 'b');
    await until(() => ssc.waitingEvents === 2);
    expect(sink.asked).toEqual([10, 10]);
    clock.advanceTo(1000);
    await until(() => sink.asked.length === 3);
    expect(sink.settled).toContain('ack s1');
  });

  test('refuses a batch (nack) when it was given up at 0.75 of the sink timeout', async () => {
    const { sink, clock, ssc } = await rig((values) => {
      if (values.length > 0) throw new Error('away');
    });
    sink.give('s1', 'a');
    await until(() => ssc.waitingEvents === 1);
    await until(() => {
      clock.advance(1000);
      return sink.settled.length > 0;
    });
    expect(sink.settled).toEqual(['nack s1']);
    expect(clock.now()).toBeGreaterThanOrEqual(45_000);
    expect(clock.now()).toBeLessThan(60_000);
  });

  test('counts an acknowledgement that came later than the sink timeout, and warns of it', async () => {
    let pass: () => void = () => {};
    const slow = new Promise<void>((resolve) => {
      pass = resolve;
    });
    const clock = new ManualClock(0);
    const sink = new ScriptedSink();
    const port = await sink.listen();
    const { log, lines } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
    const stream = ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`] });
    // The first output commits, so the batch cannot be given up; the second takes too long.
    let first = false;
    stream.foreachRDD(() => {
      first = true;
    });
    stream.foreachRDD(() => slow);
    await ssc.start();
    CLOSERS.push(() => ssc.stop({ graceful: false }));
    sink.give('s1', 'a');
    await until(() => ssc.waitingEvents === 1);
    clock.advanceTo(1000);
    await until(() => first);
    clock.advanceTo(70_000);
    pass();
    await until(() => lines.some(({ message }) => message.includes("later than the sink's timeout")));
  });

  test('never settles an error batch, shrinks its requests to what the channel can give, and goes on', async () => {
    const { sink, clock, ssc, lines } = await rig(() => {}, { pull: { maxBatchSize: 1000 } });
    sink.giveError('Take list for MemoryTransaction, capacity 100 full, consider committing more frequently');
    await until(() => lines.some(({ message }) => message.includes('capacity 100')));
    await until(() => {
      clock.advance(100);
      return sink.asked.length === 2;
    });
    expect(sink.asked).toEqual([1000, 100]);
    sink.give('s2', 'a');
    await until(() => ssc.waitingEvents === 1);
    expect(sink.settled).toEqual([]);
  });

  test('backs off by the sink timeout over its threads after repeated error batches', async () => {
    const { sink, clock, lines } = await rig(() => {});
    const errors = () =>
      lines
        .filter(({ message }) => message.includes('went wrong'))
        .map(({ facts }) => (facts as { retryInMs: number }).retryInMs);
    sink.giveError('something went wrong');
    await until(() => errors().length === 1);
    sink.giveError('something went wrong');
    await until(() => {
      clock.advance(50);
      return errors().length === 2;
    });
    expect(errors()).toEqual([200, 6000]);
  });

  test('connects again for ever when the sink goes away, and takes up where it was', async () => {
    const out: string[] = [];
    const { sink, port, clock, ssc } = await rig((values) => void out.push(...values));
    await until(() => sink.asked.length === 1);
    await sink.close();
    const again = new ScriptedSink();
    again.give('t1', 'back');
    await again.listen(port);
    await until(() => {
      clock.advance(100);
      return again.settled.length > 0;
    });
    expect(again.settled).toEqual(['ack t1']);
    expect(out).toEqual(['back']);
    expect(ssc.getState()).toBe('active');
  });

  test('a stop does not wait for a sink that is gone', async () => {
    let pass: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      pass = resolve;
    });
    const { sink, clock, ssc, lines } = await rig(() => held);
    sink.give('s1', 'a');
    await until(() => ssc.waitingEvents === 1);
    clock.advanceTo(1000);
    await sink.close();
    pass();
    await until(() => lines.some(({ message }) => message.startsWith('ack of s1 failed')));
    // The clock stands still: a retry that waited for it would never end.
    await ssc.stop({ graceful: false });
    expect(ssc.getState()).toBe('stopped');
  });

  test('backs off from a sink that gives batches without events, and not from one that gives some', async () => {
    const { sink, clock } = await rig(() => {});
    await until(() => sink.asked.length === 1);
    const waits: number[] = [];
    for (let i = 1; i <= 7; i++) {
      const asked = sink.asked.length;
      sink.give(`e${i}`);
      await until(() => sink.settled.includes(`ack e${i}`));
      const since = clock.now();
      await until(() => {
        if (sink.asked.length === asked) clock.advance(100);
        return sink.asked.length > asked;
      });
      waits.push(clock.now() - since);
    }
    const backoff = [200, 400, 800, 1600, 3200, 5000, 5000];
    expect(waits.every((wait, i) => wait >= (backoff[i] ?? 0))).toBe(true);
    const asked = sink.asked.length;
    sink.give('s1', 'a');
    await until(() => sink.asked.length > asked);
    sink.give('e8');
    await until(() => {
      clock.advance(200);
      return sink.asked.length > asked + 1;
    });
  });

  test.each([true, false])(
    'a stop (graceful: %s) does not wait for each acknowledgement that a sink leaves unanswered',
    async (graceful) => {
      const { sink, clock, ssc } = await rig(() => {});
      sink.answerSettling = false;
      for (let i = 1; i <= 5; i++) sink.give(`s${i}`, 'a');
      await until(() => ssc.waitingEvents === 5);
      clock.advanceTo(1000);
      await until(() => sink.settled.length === 1);
      let stopped = false;
      const stop = ssc.stop({ graceful }).finally(() => {
        stopped = true;
      });
      // The limit of one acknowledgement, and of connecting anew, is enough for all of them; a stop at once needs no time of the clock.
      if (graceful) clock.advance(8000);
      await until(() => stopped);
      await stop;
      expect(sink.settled.length).toBeLessThanOrEqual(2);
    },
  );

  test('a poll that waits is given up when the sink shows no sign of life on another connection either', async () => {
    const silent: net.Socket[] = [];
    const server = net.createServer((socket) => {
      silent.push(socket);
      socket.on('error', () => {});
      // The first one gets its handshake answered, as from a sink that hangs later.
      if (silent.length === 1) {
        socket.on('data', (chunk) => {
          if (chunk.length > 50) socket.write(frame(chunk.readInt32BE(0), Buffer.of(0, 0, 0, 0)));
        });
      } else socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    CLOSERS.push(async () => {
      for (const socket of silent) socket.destroy();
      server.close();
    });
    const { port } = server.address() as net.AddressInfo;
    const clock = new ManualClock(0);
    const { log, lines } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
    ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`] }).foreachRDD(() => {});
    await ssc.start();
    CLOSERS.push(() => ssc.stop({ graceful: false }));
    await until(() => silent.length === 1);
    await until(() => {
      clock.advance(1000);
      return lines.some(({ message }) => message.includes('has not answered a poll'));
    });
    expect(silent.length).toBeGreaterThanOrEqual(5);
  });

  test('a poll that waits at a sink that lives is not given up', async () => {
    const { sink, port, clock, ssc } = await rig(() => {});
    await until(() => sink.asked.length === 1);
    let connections = 0;
    const onSocket = (message: unknown): void => {
      if ((message as { socket: net.Socket }).socket.localPort === port) connections++;
    };
    diagnostics.subscribe('net.server.socket', onSocket);
    CLOSERS.push(async () => void diagnostics.unsubscribe('net.server.socket', onSocket));
    for (let minute = 1; minute <= 5; minute++) {
      await until(() => {
        if (connections < minute) clock.advance(1000);
        return connections === minute;
      });
    }
    expect(sink.asked).toEqual([1000]);
    sink.give('s1', 'a');
    await until(() => ssc.waitingEvents === 1);
  });

  test('acknowledges an empty batch, which a sink gives while it stops', async () => {
    const { sink } = await rig(() => {});
    sink.give('s1');
    await until(() => sink.settled.length === 1);
    expect(sink.settled).toEqual(['ack s1']);
  });
});

test.each([['nohost'], ['host:0'], ['host:99999'], ['']])('the address %j is refused', (address) => {
  const ssc = new StreamingContext({ batchInterval: '1s' });
  expect(() => ssc.flumePollingStream({ addresses: [address] })).toThrowError(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

test('a batch interval over half of the sink timeout is refused, with what to set on both sides', () => {
  const ssc = new StreamingContext({ batchInterval: '40s' });
  expect(() => ssc.flumePollingStream({ addresses: ['h:1'] })).toThrowError(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      hint: expect.stringMatching(/80 \(seconds\).*sinkTimeout: 80000/),
    }),
  );
});

test('back-pressure makes polls smaller, and spaces them', async () => {
  const { sink, clock, ssc } = await rig(() => {}, { context: { backpressure: { maxRate: 50 } } });
  await until(() => sink.asked.length === 1);
  sink.give('s1', ...Array.from({ length: 60 }, String));
  await until(() => ssc.waitingEvents === 60);
  expect(sink.asked).toEqual([50]);
  clock.advance(1000);
  await until(() => sink.settled.includes('ack s1'));
  expect(sink.asked).toEqual([50]);
  clock.advance(500);
  await until(() => sink.asked.length === 2);
  expect(sink.asked[1]).toBeLessThanOrEqual(50);
});
