/** The files of a record log: their names, and how they are read. Reading changes nothing. */
import path from 'node:path';
import type { Files } from '../core/files.ts';
import { beginWork, type Telemetry, type WorkProgress } from '../core/telemetry.ts';
import { corrupt, readSegment, type Segment } from './segment.ts';

/** What a log is opened with. */
export interface RecordLogOptions {
  readonly files: Files;
  /** A directory that exists. */
  readonly directory: string;
  /** How its files' names begin. */
  readonly name: string;
  /** After so many bytes a new segment is begun. */
  readonly segmentBytes: number;
  /** Told how much is read, and how much of it there is. */
  readonly telemetry?: Telemetry | undefined;
}

/** A segment as it was found. */
export interface FoundSegment extends Segment {
  /** Bytes behind what is whole: what a crash left of a record that nobody was told of. */
  readonly torn: number;
  /** Bytes at its front that were on disk when the last frame was written. */
  readonly proven: number;
}

/**
 * Reads all records.
 * @param onRecord called with each record, oldest first; it must not keep the buffer
 * @returns the segments, oldest first
 * @throws StreamjobError LOG_CORRUPT when synced records are damaged; what the file system throws
 */
export async function readLog(
  options: RecordLogOptions,
  onRecord: (payload: Buffer, segment: number) => void,
): Promise<FoundSegment[]> {
  const found: FoundSegment[] = [];
  const mark = await readMark(options);
  const numbers = await segmentNumbers(options);
  const progress = await beginReading(options, numbers, `reading the ${options.name}`);
  try {
    for (const number of numbers) {
      const before = found.at(-1);
      if (before !== undefined && number !== before.number + 1) {
        throw corrupt(fileOf(options, before.number + 1), 'the segment is missing');
      }
      const file = fileOf(options, number);
      const bytes = await options.files.read(file);
      let counted = 0;
      const { end, proven, size } = readSegment(bytes, file, before, (payload) => {
        onRecord(payload, number);
        counted += payload.length;
        progress.add(payload.length);
      });
      if (mark?.number === number && end < mark.bytes) {
        throw corrupt(file, `${mark.bytes} bytes of it were synced when the log was closed, ${end} are whole`);
      }
      found.push({ number, bytes: end, torn: size - end, proven });
      progress.add(bytes.length - counted);
    }
  } finally {
    progress.end();
  }
  if (mark !== undefined && (found.at(-1)?.number ?? 0) < mark.number) {
    throw corrupt(fileOf(options, mark.number), 'the segment is missing');
  }
  return found;
}

export function markOf({ directory, name }: RecordLogOptions): string {
  return path.join(directory, `${name}-closed.json`);
}

/** How far the log went when it was closed last; it may have gone on since. */
async function readMark(options: RecordLogOptions): Promise<Segment | undefined> {
  const file = markOf(options);
  if (!(await options.files.list(options.directory)).includes(path.basename(file))) return undefined;
  const text = (await options.files.read(file)).toString('utf8');
  const mark = /^\{"segment":(\d+),"bytes":(\d+)\}\n$/.exec(text);
  if (mark === null) throw corrupt(file, 'it is not as it was written');
  return { number: Number(mark[1]), bytes: Number(mark[2]) };
}

export function fileOf({ directory, name }: RecordLogOptions, number: number): string {
  return path.join(directory, `${name}-${String(number).padStart(10, '0')}.log`);
}

async function segmentNumbers({ files, directory, name }: RecordLogOptions): Promise<number[]> {
  const names = await files.list(directory);
  return names
    .filter((each) => each.startsWith(`${name}-`) && /^\d{10}\.log$/.test(each.slice(name.length + 1)))
    .map((each) => Number(each.slice(name.length + 1, -4)));
}

/** Segments of a log are about to be read. @param what for people @returns tells how far that is */
async function beginReading(
  options: RecordLogOptions,
  numbers: readonly number[],
  what: string,
): Promise<WorkProgress> {
  const { files, telemetry } = options;
  if (telemetry?.work === undefined) return beginWork(undefined, { what: '', total: 0, unit: 'bytes' });
  let total = 0;
  for (const number of numbers) total += await files.size(fileOf(options, number)).catch(() => 0);
  return beginWork(telemetry, { what, total, unit: 'bytes' });
}
