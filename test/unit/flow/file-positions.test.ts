/** Where a file stream stands is told with the batch that has its lines: neither before it, nor as it was before. */
import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { nodeFiles } from '../../../src/core/files.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { BlockQueue } from '../../../src/flow/block/block-queue.ts';
import { Checkpoint } from '../../../src/flow/commit/checkpoint.ts';
import { replaceCheckpointSizes } from '../../../src/flow/commit/sizes.ts';
import { FilesInput, textLines } from '../../../src/flow/receive/files.ts';
import type { Arrival, Intake } from '../../../src/flow/receive/receiver.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { until } from '../../kit/until.ts';

/** Moves a file into a directory, as of a time in ms. */
function moveIn(directory: string, name: string, content: string, at: number): void {
  const aside = path.join(directory, `.${name}`);
  writeFileSync(aside, content);
  utimesSync(aside, at / 1000, at / 1000);
  renameSync(aside, path.join(directory, name));
}

test('the position of a batch comes after what tidying writes again of an older one', async () => {
  const back = replaceCheckpointSizes({ smallJournal: 1, journalSegment: 1, blockFile: 1 << 20, leastTidied: 1 << 20 });
  try {
    for (let batches = 1; batches <= 12; batches++) {
      const directory = ownDirectory();
      const open = (): Promise<Checkpoint> =>
        Checkpoint.open({ directory, files: nodeFiles, log: silentLogger, batchMs: 1000, forms: new Map() });
      const checkpoint = await open();
      for (let i = 1; i <= batches; i++) {
        await checkpoint.commit({
          time: i * 1000,
          states: [],
          bucket: () => Promise.reject(new Error('there is no state')),
          slices: [],
          keepsSlice: () => true,
          ids: [],
          keepsIds: () => true,
          // It stands still for a while, as where nothing comes, so that what is known of it grows old.
          positions: [{ input: 'files', position: Math.floor(i / 4) }],
          blocks: [],
          synced: true,
        });
      }
      await checkpoint.close();
      const again = await open();
      expect([batches, again.recovered.positions.get('files')?.value]).toEqual([batches, Math.floor(batches / 4)]);
      await again.close();
    }
  } finally {
    back();
  }
});

test('a batch that has no room for all that waits has the lines that were read for it all the same', () => {
  const queue = new BlockQueue();
  const add = (input: number, sequence: number, bytes: number): void => {
    const events = { count: 1, forEach: () => {} };
    queue.add({ token: { input, receiver: 0, epoch: input, sequence }, events, bytes });
  };
  add(0, 0, 600);
  add(0, 1, 600);
  add(0, 2, 100);
  add(1, 0, 0);
  const taken = [...queue.take(1000)].map(([input, arrivals]) => [input, arrivals.map(({ token }) => token.sequence)]);
  expect(taken).toEqual([
    [0, [0]],
    [1, [0]],
  ]);
  expect(queue.events).toBe(2);
});

describe('a file whose batch was given up', () => {
  test('is not among those that were read, until the next batch has its lines', async () => {
    const directory = ownDirectory();
    moveIn(directory, 'a.txt', 'one\ntwo\n', 500);
    const clock = new ManualClock(0);
    const settings = { clock, log: silentLogger, batchMs: 1000 };
    const input = new FilesInput(0, directory, { newFilesOnly: false }, textLines, settings);
    const offered: Arrival[] = [];
    const intake = { offer: (arrival: Arrival) => void offered.push(arrival) } as unknown as Intake;
    const [receiver] = input.receivers;
    await receiver?.start(intake);
    const selected = (): unknown => (input.position.current() as { selected: unknown }).selected;
    await input.atCut.look(1000);
    expect(offered.map(({ events }) => events.count)).toEqual([2]);
    expect(selected()).toEqual([[path.join(directory, 'a.txt'), 1000]]);
    await receiver?.settle([0], 'given-up');
    expect(selected()).toEqual([]);
    await input.atCut.look(2000);
    expect(offered.map(({ events }) => events.count)).toEqual([2, 2]);
    expect(selected()).toEqual([[path.join(directory, 'a.txt'), 2000]]);
    await receiver?.settle([1], 'committed');
    await input.atCut.look(3000);
    expect(offered).toHaveLength(2);
  });
});

test('lines come once over a restart, and nothing of a file is left out', async () => {
  const [checkpointDir, parent] = [ownDirectory(), ownDirectory()];
  const directory = path.join(parent, 'in');
  mkdirSync(directory);
  const clock = new ManualClock(0);
  const out: string[] = [];
  for (let run = 0; run < 3; run++) {
    const ssc = new StreamingContext({ batchInterval: 1000, clock, checkpointDir, log: silentLogger });
    ssc
      .textFileStream(directory, { newFilesOnly: false })
      .foreachRDD(async (rdd) => void out.push(...(await rdd.collect())));
    let batches = 0;
    ssc.events$.subscribe(({ type }) => {
      if (type === 'batchCompleted') batches++;
    });
    await ssc.start();
    moveIn(directory, `${run}.txt`, `${run}a\n${run}b\n`, clock.now() + 500);
    clock.advance(1000);
    await until(() => batches === 1);
    await ssc.stop();
  }
  expect(out).toEqual(['0a', '0b', '1a', '1b', '2a', '2b']);
});
