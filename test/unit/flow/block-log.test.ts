/** Blocks of events in the write-ahead log, in the encodings that Avro allows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { EventBlock } from '../../../src/avro/event-block.ts';
import { nodeFiles } from '../../../src/durable/files.ts';
import { BlockLog } from '../../../src/flow/block/block-log.ts';

/** An array whose events have an Avro block each: one item, no headers, a body of one byte. */
function eventByEvent(count: number): EventBlock {
  const item = Buffer.from([2, 0, 2, 0x61]);
  return EventBlock.fromArray(Buffer.concat([...Array.from({ length: count }, () => item), Buffer.of(0)]));
}

test('an array that its peer has cut into as many parts as it has events is logged like any other', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-blocks-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const log = await BlockLog.open({ files: nodeFiles, directory, segmentBytes: 1 << 20 }, []);
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
