/** A recording has what batches held, is an Avro container file, and is read to where it is whole. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import avro from 'avsc';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EventBlock, FlumeEvent } from '../../../../src/avro/event-block.ts';
import { type Chunk, valuesChunk } from '../../../../src/core/chunk.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import type { Blocks } from '../../../../src/flow/block/block-queue.ts';
import { readRecording } from '../../../../src/flow/record/read-recording.ts';
import { Recorder } from '../../../../src/flow/record/recorder.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'streamjob-recording-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const nameOf = (input: number): string => `input-${input}`;

function eventsOf(...bodies: string[]): EventBlock {
  // No headers, then the body's length.
  const items = bodies.map((body) => Buffer.concat([Buffer.of(0, body.length * 2), Buffer.from(body)]));
  return EventBlock.fromItems(items.length, items);
}

function blocks(...given: [input: number, events: Chunk<unknown>][]): Blocks {
  const map = new Map<number, { token: never; events: Chunk<unknown>; bytes: number }[]>();
  given.forEach(([input, events], sequence) => {
    const token = { input, receiver: 0, epoch: 0, sequence } as never;
    map.set(input, [...(map.get(input) ?? []), { token, events, bytes: 0 }]);
  });
  return map;
}

async function read(torn: string[] = []): Promise<[number, [string, unknown[]][]][]> {
  const batches: [number, [string, unknown[]][]][] = [];
  for await (const { time, deliveries } of readRecording(directory, (file) => torn.push(path.basename(file)))) {
    const told = deliveries.map(({ input, events }): [string, unknown[]] => {
      const values: unknown[] = [];
      events.forEach((value) => {
        values.push(value instanceof FlumeEvent ? value.text() : value);
      });
      return [input, values];
    });
    batches.push([time, told]);
  }
  return batches;
}

const files = (): string[] => readdirSync(directory).sort();

test('events and values come back as they were, by batch and input, over several files and runs', async () => {
  const first = new Recorder(directory, silentLogger, 100);
  first.record(1000, blocks([0, eventsOf('a', 'b')], [1, valuesChunk([{ n: 1 }, 2])], [0, eventsOf('c')]), nameOf);
  first.record(2000, blocks([0, valuesChunk([])]), nameOf);
  first.record(3000, blocks([0, eventsOf('d')]), nameOf);
  first.close();
  first.record(4000, blocks([0, eventsOf('after the end')]), nameOf);
  const again = new Recorder(directory, silentLogger);
  again.record(5000, blocks([0, eventsOf('e')]), nameOf);
  again.close();
  expect(files().length).toBeGreaterThan(2);
  expect(await read()).toEqual([
    [
      1000,
      [
        ['input-0', ['a', 'b']],
        ['input-0', ['c']],
        ['input-1', [{ n: 1 }, 2]],
      ],
    ],
    [3000, [['input-0', ['d']]]],
    [5000, [['input-0', ['e']]]],
  ]);
});

test('any reader of Avro reads it', async () => {
  const recorder = new Recorder(directory, silentLogger);
  recorder.record(1000, blocks([0, eventsOf('a', 'b')]), nameOf);
  recorder.close();
  const records: unknown[] = [];
  const decoder = avro.createFileDecoder(path.join(directory, files()[0] ?? ''));
  for await (const record of decoder) records.push(JSON.parse(JSON.stringify(record)));
  const event = (body: string) => ({ headers: {}, body: Buffer.from(body).toJSON() });
  expect(records).toEqual([{ batch: 1000, input: 'input-0', values: false, events: [event('a'), event('b')] }]);
});

describe('a recording that is not whole', () => {
  beforeEach(() => {
    const recorder = new Recorder(directory, silentLogger);
    recorder.record(1000, blocks([0, eventsOf('first')]), nameOf);
    recorder.record(2000, blocks([0, eventsOf('second')]), nameOf);
    recorder.close();
  });
  const file = (): string => path.join(directory, 'recording-0000000001.avro');

  test('is read to the last record that is, wherever it was cut off', async () => {
    const whole = readFileSync(file());
    const second = whole.indexOf('second');
    const begin = second - Buffer.of(1, 2, ...[0, 0], 7, ...Buffer.from('input-0'), 0, 1, 0, 6).length;
    for (const end of [whole.length - 1, second + 2, begin + 1, begin - 1, whole.indexOf('first') + 1, 40, 3, 0]) {
      truncateSync(file(), end);
      const torn: string[] = [];
      const times = (await read(torn)).map(([time]) => time);
      expect(times).toEqual(end > begin ? [1000] : []);
      expect(torn).toEqual(['recording-0000000001.avro']);
      writeFileSync(file(), whole);
    }
  });

  test('is refused where it is damaged in the middle', async () => {
    const whole = readFileSync(file());
    // The mark behind the first record.
    whole.writeUInt8(whole.readUInt8(whole.indexOf('first') + 7) ^ 1, whole.indexOf('first') + 7);
    writeFileSync(file(), whole);
    await expect(read()).rejects.toMatchObject({ code: 'LOG_CORRUPT', where: file() });
  });

  test('is refused when it is another file, or its batches are of no order', async () => {
    writeFileSync(file(), `no${readFileSync(file(), 'latin1').slice(2)}`, 'latin1');
    await expect(read()).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    rmSync(file());
    const recorder = new Recorder(directory, silentLogger);
    recorder.record(2000, blocks([0, eventsOf('x')]), nameOf);
    recorder.record(1000, blocks([0, eventsOf('y')]), nameOf);
    recorder.close();
    await expect(read()).rejects.toThrow('batch 1000 follows 2000');
  });
});

test('where there is none, that is said', async () => {
  await expect(read()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  rmSync(directory, { recursive: true });
  await expect(read()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('what cannot be written ends the recording with an error in the log, and throws nothing', async () => {
  const errors: string[] = [];
  const log = { ...silentLogger, error: (_: object, text: string) => void errors.push(text) };
  const recorder = new Recorder(directory, log);
  recorder.record(1000, blocks([0, valuesChunk([() => 1])]), nameOf);
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('the recording ends before batch 1000');
  recorder.record(2000, blocks([0, eventsOf('x')]), nameOf);
  expect(files()).toEqual([]);
  appendFileSync(path.join(directory, 'a-file'), '');
  expect(() => new Recorder(path.join(directory, 'a-file/below'), silentLogger)).toThrow('cannot record');
});
