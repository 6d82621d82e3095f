/** `streamjob checkpoint`: what a checkpoint holds, without a change of it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { type CliResult, startCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { arrived, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

/** A job with a state and a window, that has run two batches. @returns its checkpoint, and the context, which still runs */
async function counted() {
  const directory = ownDirectory();
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, checkpointDir: directory, write: () => {} });
  const { stream, push } = ssc.valuesStream<string>();
  stream
    .map((word) => [word, 1] as const)
    .updateStateByKey(
      (ones: readonly number[], sum: { n: number } | undefined) => ({ n: (sum?.n ?? 0) + ones.length }),
      {
        stateVersion: 2,
      },
    )
    .foreachRDD(() => {});
  stream.window(5000).foreachRDD(() => {});
  await ssc.start();
  for (const words of [['a', 'b'], ['a']]) {
    push(words);
    await oneBatch(ssc, () => clock.advance(1000));
  }
  return { directory, ssc };
}

/** All that lies in a directory. */
function contents(directory: string): string[] {
  return fs.readdirSync(directory).map((name) => {
    const file = path.join(directory, name);
    return `${name} ${fs.statSync(file).mtimeMs} ${createHash('sha256').update(fs.readFileSync(file)).digest('hex')}`;
  });
}

const run = (...args: string[]): Promise<CliResult> => startCli(['checkpoint', ...args]).ended;

test('shows what there is, exports states, and changes nothing', async () => {
  const { directory, ssc } = await counted();
  const locked = await run(directory);
  expect(locked.code).toBe(1);
  expect(locked.stderr).toContain('CHECKPOINT_LOCKED');
  await ssc.stop();
  const before = contents(directory);
  const [shown, json, exported, unknown] = await Promise.all([
    run(directory, '--check'),
    run(directory, '--json'),
    run(directory, '--export', 'updateStateByKey-0'),
    run(directory, '--export', 'updateStateByKey'),
  ]);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/state +updateStateByKey-0: 2 keys, \d+ bytes \(updateStateByKey, version 2\)/);
  expect(shown.stdout).toMatch(/batches +the last one 2000 .*every 1000 ms/);
  expect(shown.stdout).toMatch(/window +window-0: 2 batches from 1000 .* to 2000/);
  expect(shown.stdout).toContain('is whole');
  expect(JSON.parse(json.stdout)).toMatchObject({ directory, lastBatch: 2000, pending: null, states: [{ keys: 2 }] });
  const lines = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.sort((a, b) => (a.key < b.key ? -1 : 1))).toEqual([
    { key: 'a', state: { n: 2 }, updated: 2000, version: 2 },
    { key: 'b', state: { n: 1 }, updated: 2000, version: 2 },
  ]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain('did you mean updateStateByKey-0?');
  expect(contents(directory)).toEqual(before);
});

test('received events that are in no batch are counted, and --check finds those that are damaged', async () => {
  const directory = ownDirectory();
  const rig = await pushRig(() => {}, { checkpointDir: directory, reliability: 'store-on-failure' });
  const peer = await rig.connect();
  const serial = peer.send('one', 'two');
  await until(() => peer.status(serial) === 'OK');
  await arrived(rig, 2);
  await rig.stop();
  const before = contents(directory);
  expect((await run(directory, '--check')).stdout).toMatch(/waiting +2 events in 1 block/);
  expect(contents(directory)).toEqual(before);
  const blocks = fs.readdirSync(directory).find((name) => name.endsWith('.avro')) as string;
  const bytes = fs.readFileSync(path.join(directory, blocks));
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1;
  fs.writeFileSync(path.join(directory, blocks), bytes);
  expect((await run(directory)).code).toBe(0);
  const checked = await run(directory, '--check');
  expect(checked.code).toBe(1);
  expect(checked.stderr).toContain('LOG_CORRUPT');
});

test('what a crash tore off is told of and left there; a damaged journal and a directory without one end with code 1', async () => {
  const { directory, ssc } = await counted();
  await ssc.stop();
  const journal = path.join(
    directory,
    fs.readdirSync(directory).find((name) => /^journal-\d+\.log$/.test(name)) as string,
  );
  fs.appendFileSync(journal, 'torn');
  const before = contents(directory);
  expect((await run(directory, '--check')).stdout).toContain('4 that a crash left');
  expect(contents(directory)).toEqual(before);
  const bytes = fs.readFileSync(journal);
  bytes[60] = (bytes[60] as number) ^ 1;
  fs.writeFileSync(journal, bytes);
  const [damaged, none] = await Promise.all([run(directory, '--check'), run(ownDirectory())]);
  expect(damaged.code).toBe(1);
  expect(damaged.stderr).toContain('LOG_CORRUPT');
  expect(none.code).toBe(1);
  expect(none.stderr).toContain('FILE_NOT_FOUND');
});
