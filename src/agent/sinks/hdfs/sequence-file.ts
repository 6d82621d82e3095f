/**
 * Hadoop's SequenceFile, not compressed: the time of an event as the key, its body as the value.
 * Source: the documentation of org.apache.hadoop.io.SequenceFile ("Uncompressed SequenceFile Format") and of WritableUtils; which classes
 * keys and values have is that of the HDFS sink of Flume 1.11.
 */
import type { PlainEvent } from '../../../core/event.ts';
import { randomBytes } from '../../../core/machine.ts';
import type { FileFormat } from './format.ts';

/** What values are: BytesWritable, or Text. */
export type WriteFormat = 'Writable' | 'Text';

const VERSION = 6;
const MARKER_BYTES = 16;
/** A marker is written about so often, in bytes, so that a reader can begin in the middle. */
const MARKER_EVERY = 100 * 1024;
const KEY_CLASS = 'org.apache.hadoop.io.LongWritable';
const KEY_BYTES = 8;
const VALUE_CLASS = { Writable: 'org.apache.hadoop.io.BytesWritable', Text: 'org.apache.hadoop.io.Text' } as const;

/** One file. */
export class SequenceFile implements FileFormat {
  readonly #format: WriteFormat;
  readonly #now: () => number;
  readonly #marker: Buffer = randomBytes(MARKER_BYTES);
  #written = 0;
  #markerAt = 0;
  #before = { written: 0, markerAt: 0 };

  constructor(format: WriteFormat, now: () => number) {
    this.#format = format;
    this.#now = now;
  }

  bytesOf(events: readonly PlainEvent[]): Buffer {
    this.#before = { written: this.#written, markerAt: this.#markerAt };
    const parts: Buffer[] = this.#written === 0 ? [this.#head()] : [];
    for (const part of parts) this.#count(part);
    for (const event of events) {
      if (this.#written >= this.#markerAt + MARKER_EVERY) {
        const marker = Buffer.concat([int(-1), this.#marker]);
        parts.push(marker);
        this.#count(marker);
        this.#markerAt = this.#written;
      }
      const record = this.#record(event);
      parts.push(record);
      this.#count(record);
    }
    return Buffer.concat(parts);
  }

  takeBack(): void {
    this.#written = this.#before.written;
    this.#markerAt = this.#before.markerAt;
  }

  #count({ length }: Buffer): void {
    this.#written += length;
  }

  #head(): Buffer {
    const flags = Buffer.of(0, 0);
    const noMetadata = int(0);
    const names = [text(Buffer.from(KEY_CLASS)), text(Buffer.from(VALUE_CLASS[this.#format]))];
    return Buffer.concat([Buffer.from('SEQ'), Buffer.of(VERSION), ...names, flags, noMetadata, this.#marker]);
  }

  #record({ body, headers }: PlainEvent): Buffer {
    const stamp = headers['timestamp'];
    const millis = stamp !== undefined && /^-?\d{1,18}$/.test(stamp) ? BigInt(stamp) : BigInt(this.#now());
    const key = Buffer.alloc(KEY_BYTES);
    key.writeBigInt64BE(millis);
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const value = this.#format === 'Text' ? text(bytes) : Buffer.concat([int(bytes.length), bytes]);
    return Buffer.concat([int(KEY_BYTES + value.length), int(KEY_BYTES), key, value]);
  }
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Bytes behind their length. */
function text(bytes: Buffer): Buffer {
  return Buffer.concat([vint(bytes.length), bytes]);
}

/** A length as WritableUtils.writeVInt has it: small ones in a byte, others behind a byte that tells how many there are. */
function vint(value: number): Buffer {
  if (value <= 127) return Buffer.of(value);
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.of(256 - 112 - digits.length, ...digits);
}
