/** What users of Spark Streaming ran into, as far as no other test shows what happens here: docs/what-went-wrong-in-spark.md has all of it. */

import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { expect, test } from 'vitest';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { testJob } from '../../../src/api/testing/test-job.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

test('a function that holds what cannot be serialised runs in a job with a checkpoint', async () => {
  // A server, a symbol, a function and a private field: v8.serialize and JSON take none of them.
  const held = { server: createServer(), symbol: Symbol('held'), double: (n: number) => n * 2 };
  class Counter {
    #count = 0;
    next = (): number => ++this.#count;
  }
  const counter = new Counter();
  const job = await testJob({ batchInterval: '1s', checkpoint: true }, (_ssc, input) => {
    const numbers = input<number>('numbers').map((n) => (held.server.listening ? 0 : held.double(n)));
    return {
      sums: numbers
        .map((n) => [String(held.symbol.description), n + 0 * counter.next()] as const)
        .updateStateByKey((values, sum: number | undefined) => values.reduce((a, b) => a + b, sum ?? 0)),
    };
  });
  job.push('numbers', [1, 2]);
  await job.advance();
  await job.restart();
  job.push('numbers', [3]);
  await job.advance();
  expect(job.outputs.sums.at(-1)?.values).toEqual([['held', 12]]);
  expect(counter.next()).toBe(4);
  await job.stop();
});

test('a state times out in the first batch after its time, whether its key has data or not', async () => {
  const lasting = StateSpec.function((key: string, value: number | undefined, state: State<number>) => {
    if (state.isTimingOut()) return `${key} is over`;
    state.update(value ?? 0);
    return `${key} has ${state.get()}`;
  }).timeout('3s');
  const job = await testJob({ batchInterval: '1s' }, (_ssc, input) => ({
    said: input<[string, number]>('pairs').mapWithState(lasting),
  }));
  job.push('pairs', [['a', 1]]);
  for (let second = 1; second <= 6; second++) {
    if (second > 1) job.push('pairs', [['b', second]]);
    await job.advance();
  }
  const said = job.outputs.said.flatMap(({ time, values }) => values.map((text) => [time, text]));
  // Of the time 1000; 3 s later it is not over yet, the batch after that it is. Spark by its defaults looks at the tenth.
  expect(said.filter(([, text]) => String(text).startsWith('a'))).toEqual([
    [1000, 'a has 1'],
    [5000, 'a is over'],
  ]);
  await job.stop();
});

test('an empty batch writes a directory, as in Spark, and none where the job asks whether it is empty', async () => {
  const directory = ownDirectory();
  const job = await testJob({ batchInterval: '1s' }, (_ssc, input) => {
    const lines = input<string>('lines');
    lines.saveAsTextFiles(path.join(directory, 'all'));
    lines.foreachRDD(async (rdd, time) => {
      if (!(await rdd.isEmpty())) await rdd.saveAsTextFile(path.join(directory, `some-${time}`));
    });
    return { lines };
  });
  job.push('lines', ['a']);
  await job.advance();
  await job.advance();
  await job.stop();
  expect(readdirSync(directory).sort()).toEqual(['all-1000', 'all-2000', 'some-1000']);
});

test('bodies around 1020 bytes, empty ones and large ones arrive as they were', async () => {
  const port = await freePort();
  const got: Uint8Array[] = [];
  const ssc = new StreamingContext({ batchInterval: 20, log: silentLogger });
  ssc
    .flumeStream({ host: '127.0.0.1', port })
    .map((event) => Uint8Array.from(event.body))
    .foreachRDD(async (rdd) => void got.push(...(await rdd.collect())));
  await ssc.start();
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
  // Where Spark's decoder read one buffer too few: 1020 and its neighbours, and multiples of its buffer.
  const sizes = [0, 1, 1019, 1020, 1021, 1024, 2040, 2041, 65_535, 65_536, 3_000_000];
  const bodies = sizes.map((size) => Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + size) % 256)));
  await client.appendBatch(bodies.map((body) => ({ headers: {}, body })));
  await until(() => got.length === sizes.length);
  expect(got.map((body, i) => [body.length, Buffer.compare(body, bodies[i] as Buffer)])).toEqual(
    sizes.map((size) => [size, 0]),
  );
  await client.close();
  await ssc.stop();
});
