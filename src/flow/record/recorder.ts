/**
 * A recording of a run: what each batch that has committed held, input by input, with the batch's time. It is one Avro object container
 * file after another (`recording-<number>.avro`, null codec), which any Avro tool reads; a record for each delivery. Nothing is synced:
 * a kill of the process loses nothing of it, a power cut the end.
 */
import path from 'node:path';
import { containerHeader, EVENT_SCHEMA, MARK_BYTES } from '../../avro/container.ts';
import { EventBlock, encodeLong } from '../../avro/event-block.ts';
import { encodeString } from '../../avro/writer.ts';
import { messageOf } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import { fsSync, randomBytes } from '../../core/machine.ts';
import type { Blocks } from '../block/block-queue.ts';
import { inMemory } from '../block/stored-block.ts';
import { valuesToBlock } from '../block/value-block.ts';

/** What a recording's files hold. */
const RECORD_SCHEMA: object = {
  type: 'record',
  name: 'RecordedEvents',
  namespace: 'streamjob',
  fields: [
    { name: 'batch', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'input', type: 'string' },
    // Whether the bodies are values of the job's own process, by v8.serialize, and no bodies of Flume's events.
    { name: 'values', type: 'boolean' },
    { name: 'events', type: { type: 'array', items: EVENT_SCHEMA } },
  ],
};

/** After so many bytes a new file is begun: who reads a recording has one of them in memory. */
const FILE_BYTES = 64 << 20;

/** Writes a recording. */
export class Recorder {
  readonly #directory: string;
  readonly #log: Logger;
  readonly #fileBytes: number;
  #next: number;
  #open: { readonly fd: number; readonly mark: Buffer; written: number } | undefined;
  #isOver = false;

  /**
   * @param directory made when there is none; what is in it of a recording is gone on with
   * @throws StreamjobError FILE_ACCESS
   */
  constructor(directory: string, log: Logger, fileBytes: number = FILE_BYTES) {
    this.#directory = path.resolve(directory);
    this.#log = log;
    this.#fileBytes = fileBytes;
    try {
      fsSync.mkdirSync(this.#directory, { recursive: true });
      const numbers = fsSync.readdirSync(this.#directory).map((name) => recordingNumber(name) ?? 0);
      this.#next = Math.max(0, ...numbers) + 1;
    } catch (error) {
      throw fileError(error, 'cannot record', this.#directory);
    }
  }

  /**
   * Writes what a batch held. It never throws: what cannot be written ends the recording, with an error in the log, and not the job.
   * @param time of the batch, in ms since the epoch
   * @param nameOf the names of inputs, by their numbers
   */
  record(time: number, blocks: Blocks, nameOf: (input: number) => string): void {
    if (this.#isOver) return;
    try {
      for (const [input, arrivals] of blocks) {
        for (const { events: arrived } of arrivals) {
          if (arrived.count === 0) continue;
          const events = inMemory(arrived);
          const isBlock = events instanceof EventBlock;
          const block = isBlock ? events : valuesToBlock(events, nameOf(input));
          this.#write(time, nameOf(input), !isBlock, block);
        }
      }
    } catch (error) {
      this.close();
      const message = `the recording ends before batch ${time}, which cannot be written to ${this.#directory}: ${messageOf(error)}`;
      this.#log.error({ err: error, batch: time }, message);
    }
  }

  /** Ends it. */
  close(): void {
    this.#isOver = true;
    this.#closeFile();
  }

  #write(time: number, input: string, values: boolean, block: EventBlock): void {
    if (this.#open !== undefined && this.#open.written >= this.#fileBytes) this.#closeFile();
    this.#open ??= this.#begin();
    const items = block.items();
    const record = Buffer.concat([
      ...[encodeLong(time), encodeString(input), Buffer.of(values ? 1 : 0)],
      ...[encodeLong(block.count), ...items, encodeLong(0)],
    ]);
    this.#append(Buffer.concat([encodeLong(1), encodeLong(record.length), record, this.#open.mark]), this.#open);
  }

  #begin(): { fd: number; mark: Buffer; written: number } {
    const name = `recording-${String(this.#next++).padStart(10, '0')}.avro`;
    const open = {
      fd: fsSync.openSync(path.join(this.#directory, name), 'wx'),
      mark: randomBytes(MARK_BYTES),
      written: 0,
    };
    this.#append(containerHeader(JSON.stringify(RECORD_SCHEMA), 'null', open.mark), open);
    return open;
  }

  #append(bytes: Buffer, open: { readonly fd: number; written: number }): void {
    for (let at = 0; at < bytes.length; ) at += fsSync.writeSync(open.fd, bytes, at);
    open.written += bytes.length;
  }

  #closeFile(): void {
    if (this.#open !== undefined) fsSync.closeSync(this.#open.fd);
    this.#open = undefined;
  }
}

/** The number in the name of a file of a recording; undefined: it is another file. */
export function recordingNumber(name: string): number | undefined {
  const digits = /^recording-(\d+)\.avro$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
