/** Blocks of events in the write-ahead log, in the encodings that Avro allows. */
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { EventBlock } from '../../../src/avro/event-block.ts';
import { BlockLog, type BlockRef } from '../../../src/flow/block/block-log.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { FaultyFiles } from '../../kit/faulty-files.ts';

/** An array whose events have an Avro block each: one item, no headers, a body of one byte. */
function eventByEvent(count: number): EventBlock {
  const item = Buffer.from([2, 0, 2, 0x61]);
  return EventBlock.fromArray(Buffer.concat([...Array.from({ length: count }, () => item), Buffer.of(0)]));
}

async function openLog(segmentBytes: number, files = new FaultyFiles(), live: readonly BlockRef[] = []) {
  const directory = ownDirectory();
  const leftBehind: string[] = [];
  const log = await BlockLog.open(
    { files, directory, segmentBytes, onLeftBehind: ({ code }) => leftBehind.push(code) },
    live,
  );
  const names = (): string[] => fs.readdirSync(directory);
  return { log, files, directory, leftBehind, names };
}

test('a file goes with the last of its blocks, also when one of them is released twice', async () => {
  const { log, names } = await openLog(1);
  const first = await log.append(eventByEvent(1));
  const [second, third] = await Promise.all([log.append(eventByEvent(2)), log.append(eventByEvent(3))]);
  await log.append(eventByEvent(4));
  expect(second?.file).toBe(third?.file);
  await log.release([first, second as BlockRef]);
  await log.release([first, second as BlockRef]);
  expect((await log.read(third as BlockRef)).count).toBe(3);
  expect(names().length).toBe(2);
  await log.release([third as BlockRef]);
  expect(names().length).toBe(1);
  await log.close();
});

test('a file that cannot be removed fails nobody, and is removed later', async () => {
  const { log, files, names, leftBehind } = await openLog(1);
  const first = await log.append(eventByEvent(1));
  const second = await log.append(eventByEvent(1));
  const bytes = log.bytes;
  files.fail('remove', 0, 1);
  await log.release([first]);
  expect(leftBehind).toEqual(['FILE_ACCESS']);
  expect(log.bytes).toBe(bytes);
  expect(names().length).toBe(2);
  await log.release([]);
  expect(names().length).toBe(1);
  expect((await log.read(second)).count).toBe(1);
  await log.close();
});

test('an array that its peer has cut into as many parts as it has events is logged like any other', async () => {
  const { log } = await openLog(1 << 20);
  // More than a function can be given as arguments.
  const count = 300_000;
  const ref = await log.append(eventByEvent(count));
  const read = await log.read(ref);
  await log.close();
  expect(read.count).toBe(count);
  const texts = new Set<string>();
  read.forEach((event) => {
    texts.add(event.text());
  });
  expect([...texts]).toEqual(['a']);
});

test('a file that is written to, and holds nothing that is needed any more, does not count', async () => {
  const { log } = await openLog(1 << 20);
  const first = await log.append(eventByEvent(100));
  const second = await log.append(eventByEvent(100));
  await log.release([first]);
  expect(log.bytes).toBeGreaterThan(second.offset);
  await log.release([second]);
  expect(log.bytes).toBe(0);
  const third = await log.append(eventByEvent(1));
  expect(log.bytes).toBeGreaterThan(third.offset);
  expect((await log.read(third)).count).toBe(1);
  await log.close();
});
