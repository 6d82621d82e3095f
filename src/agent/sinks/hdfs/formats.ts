/** What the bytes of the hdfs sink's files are: of a serializer, of gzip around that, or a SequenceFile. */
import zlib from 'node:zlib';
import type { PlainEvent } from '../../../core/event.ts';
import type { Serializer } from '../../serializers/serializer.ts';
import type { BeginFile, FileFormat } from './format.ts';
import { SequenceFile, type WriteFormat } from './sequence-file.ts';

/** A file of what a serializer makes. */
class SerializedFile implements FileFormat {
  readonly #serializer: ReturnType<Serializer>;
  readonly #wrap: (bytes: Buffer) => Buffer;
  #isBegun = false;
  #wasBegun = false;

  constructor(serializer: ReturnType<Serializer>, wrap: (bytes: Buffer) => Buffer) {
    this.#serializer = serializer;
    this.#wrap = wrap;
  }

  bytesOf(events: readonly PlainEvent[]): Buffer {
    this.#wasBegun = this.#isBegun;
    const beginning = this.#isBegun ? [] : this.#serializer.begin();
    this.#isBegun = true;
    return this.#wrap(Buffer.concat([...beginning, ...this.#serializer.batch(events)]));
  }

  takeBack(): void {
    this.#isBegun = this.#wasBegun;
  }
}

/** DataStream: what the serializer makes. */
export function dataStream(serializer: Serializer): BeginFile {
  return () => new SerializedFile(serializer(), (bytes) => bytes);
}

/** CompressedStream with gzip: each batch is a member of its own, which are read as one behind the other. Source: RFC 1952, 2.2. */
export function gzipStream(serializer: Serializer): BeginFile {
  return () => new SerializedFile(serializer(), (bytes) => zlib.gzipSync(bytes));
}

/** SequenceFile of times and bodies. @param now in ms since 1970, for events without a time */
export function sequenceFile(writeFormat: WriteFormat, now: () => number): BeginFile {
  return () => new SequenceFile(writeFormat, now);
}
