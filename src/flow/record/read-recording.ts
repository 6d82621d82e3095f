/** Reads a recording, batch by batch. */
import path from 'node:path';
import { MAGIC, MARK_BYTES } from '../../avro/container.ts';
import { EventBlock } from '../../avro/event-block.ts';
import { AvroReader } from '../../avro/reader.ts';
import type { Chunk } from '../../core/chunk.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import { fs } from '../../core/machine.ts';
import { beginWork, type Telemetry, type WorkProgress } from '../../core/telemetry.ts';
import { blockToValues } from '../block/value-block.ts';
import { recordingNumber } from './recorder.ts';

/** What a batch of a recorded run held. */
export interface RecordedBatch {
  /** Of the batch, in ms since the epoch. */
  readonly time: number;
  /** In the order in which they came. */
  readonly deliveries: readonly RecordedDelivery[];
}

/** What came together. */
export interface RecordedDelivery {
  /** The name of its input. */
  readonly input: string;
  readonly events: Chunk<unknown>;
}

/**
 * The batches of a recording, in the order of their times. One file at a time is in memory.
 * @param onTorn told of a file whose last record a kill or a full disk has cut off
 * @param telemetry told how far it is
 * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, LOG_CORRUPT
 */
export async function* readRecording(
  directory: string,
  onTorn: (file: string) => void,
  telemetry?: Telemetry,
): AsyncGenerator<RecordedBatch, void> {
  const files = await filesOf(directory);
  const total = (await Promise.all(files.map(sizeOf))).reduce((sum, size) => sum + size, 0);
  const progress = beginWork(telemetry, { what: 'replaying', total, unit: 'bytes' });
  try {
    yield* batchesOf(files, onTorn, progress);
  } finally {
    progress.end();
  }
}

async function* batchesOf(
  files: readonly string[],
  onTorn: (file: string) => void,
  progress: WorkProgress,
): AsyncGenerator<RecordedBatch, void> {
  let current: { time: number; deliveries: RecordedDelivery[] } | undefined;
  for (const file of files) {
    for (const { time, bytes, ...delivery } of recordsOf(file, await contentsOf(file), onTorn)) {
      if (current?.time !== time) {
        if (current !== undefined) yield current;
        if (current !== undefined && time < current.time) throw damaged(file, `batch ${time} follows ${current.time}`);
        current = { time, deliveries: [] };
      }
      current.deliveries.push(delivery);
      progress.add(bytes);
    }
  }
  if (current !== undefined) yield current;
}

async function filesOf(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await fs.readdir(directory);
  } catch (cause) {
    throw noRecording(directory, cause);
  }
  const files = names.filter((name) => recordingNumber(name) !== undefined).sort();
  if (files.length === 0) throw noRecording(directory, undefined);
  return files.map((name) => path.join(directory, name));
}

function noRecording(directory: string, cause: unknown): StreamjobError {
  return new StreamjobError('FILE_NOT_FOUND', `there is no recording in ${directory}`, {
    where: path.resolve(directory),
    hint: 'make one with: streamjob run JOB.ts --record DIR',
    ...(cause === undefined ? {} : { cause }),
  });
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await fs.stat(file)).size;
  } catch {
    // Reading it will say what is wrong.
    return 0;
  }
}

async function contentsOf(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (cause) {
    throw fileError(cause, 'cannot read the recording', file);
  }
}

interface RecordedAt extends RecordedDelivery {
  readonly time: number;
  /** What it takes in the file, about. */
  readonly bytes: number;
}

function* recordsOf(file: string, bytes: Buffer, onTorn: (file: string) => void): Generator<RecordedAt, void> {
  const reader = new AvroReader(bytes, MAGIC.length);
  let end: number;
  try {
    reader.skipMap();
    end = reader.position + MARK_BYTES;
  } catch {
    return onTorn(file);
  }
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(file, 'it does not begin as a container file does');
  const mark = bytes.subarray(reader.position, end);
  for (reader.position = end; reader.left > 0; reader.position = end) {
    let length: number;
    try {
      reader.long();
      length = reader.long();
    } catch {
      return onTorn(file);
    }
    end = reader.position + length + MARK_BYTES;
    if (length < 0) throw damaged(file, `a block at byte ${reader.position} has no length`);
    if (end > bytes.length) return onTorn(file);
    if (!bytes.subarray(end - MARK_BYTES, end).equals(mark))
      throw damaged(file, `no mark is behind the block at byte ${reader.position}`);
    yield recordIn(file, bytes.subarray(reader.position, end - MARK_BYTES));
  }
}

function recordIn(file: string, bytes: Buffer): RecordedAt {
  try {
    const reader = new AvroReader(bytes);
    const time = reader.long();
    const input = reader.string();
    const areValues = bytes[reader.position++] === 1;
    const block = EventBlock.fromArray(Buffer.from(bytes.subarray(reader.position)));
    return { time, bytes: bytes.length + MARK_BYTES, input, events: areValues ? blockToValues(block) : block };
  } catch (cause) {
    throw damaged(file, messageOf(cause));
  }
}

function damaged(file: string, what: string): StreamjobError {
  return new StreamjobError('LOG_CORRUPT', `the recording is damaged: ${what}`, {
    where: file,
    hint: 'bring the file back from a copy; or move it away to replay without what it holds',
  });
}
