/**
 * The AVRO deserializer: each datum of an Avro container file is an event, whose body is the datum as the file has it and whose headers
 * tell the schema. Its place in a file is the start of a block and how many data of it were delivered, so that a restart repeats none.
 */
import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { AvroReader } from '../../../avro/reader.ts';
import { parseSchema } from '../../../avro/schema/parse.ts';
import { type Skip, skipOf } from '../../../avro/schema/skip.ts';
import { schemaHash, schemaText } from '../../../avro/schema/text.ts';
import { defineComponent } from '../../component/component.ts';
import { choice } from '../../component/fields.ts';
import { ContainerFile, damaged } from './container.ts';
import {
  BATCH_BYTES,
  type Deserialized,
  type Deserializer,
  type DeserializerType,
  type OpenDeserializer,
  unreadable,
} from './deserializer.ts';
import { digestOf, type Progress, type Start } from './position.ts';

/** The block that is being read. */
interface OpenBlock {
  readonly reader: AvroReader;
  readonly count: number;
  /** Where the next one begins, and the hash of all bytes before it. */
  readonly end: number;
  readonly hash: Hash;
}

/** A container file whose data are read. */
class AvroFileReader implements Deserializer {
  readonly #file: ContainerFile;
  readonly #skip: Skip;
  readonly #headers: Readonly<Record<string, string>>;
  /** Where the block begins, the hash of all bytes before it, and how many of its data were read. */
  #offset: number;
  #hash: Hash;
  #delivered = 0;
  #block: OpenBlock | undefined;

  private constructor(file: ContainerFile, schemaType: 'HASH' | 'LITERAL', start: Start) {
    const schema = parseSchema(file.schema);
    this.#file = file;
    this.#skip = skipOf(schema);
    this.#headers =
      schemaType === 'HASH'
        ? { 'flume.avro.schema.hash': schemaHash(schema) }
        : { 'flume.avro.schema.literal': schemaText(schema) };
    const isNew = start.offset === 0;
    this.#offset = isNew ? file.header.length : start.offset;
    this.#hash = isNew ? start.hash.update(file.header) : start.hash;
  }

  static async open(file: FileHandle, schemaType: 'HASH' | 'LITERAL', start: Start): Promise<AvroFileReader> {
    const reader = new AvroFileReader(await ContainerFile.open(file), schemaType, start);
    if (start.delivered > 0) await reader.#pass(start.delivered);
    return reader;
  }

  get progress(): Progress {
    const place = { offset: this.#offset, digest: digestOf(this.#hash) };
    return this.#delivered === 0 ? place : { ...place, delivered: this.#delivered };
  }

  async read(count: number): Promise<Deserialized[]> {
    const data: Deserialized[] = [];
    for (let bytes = 0; data.length < count && bytes < BATCH_BYTES; ) {
      let body: Buffer | undefined;
      try {
        body = await this.#next();
      } catch (error) {
        // What is whole is delivered; the next call comes to the damage again.
        if (data.length > 0) break;
        throw error;
      }
      if (body === undefined) break;
      data.push({ body, headers: this.#headers });
      bytes += body.length;
    }
    return data;
  }

  /** Steps over the data of a block that were delivered before. */
  async #pass(count: number): Promise<void> {
    const block = await this.#open();
    if (block === undefined || block.count < count)
      throw unreadable(`the block at byte ${this.#offset} has no ${count} data, though so many were read`);
    for (let i = 0; i < count; i++) this.#datum(block);
    this.#leaveIfRead(block);
  }

  /** The next datum, a copy of its own: a view would keep the whole block in memory as long as the event. */
  async #next(): Promise<Buffer | undefined> {
    // A block may have no data at all.
    for (let block = await this.#open(); block !== undefined; block = await this.#open()) {
      if (this.#delivered < block.count) {
        const body = Buffer.from(this.#datum(block));
        this.#leaveIfRead(block);
        return body;
      }
      if (block.reader.left > 0)
        throw unreadable(
          `the block at byte ${this.#offset} is damaged: it has ${block.reader.left} bytes behind its last datum`,
        );
      this.#leaveIfRead(block);
    }
    return undefined;
  }

  async #open(): Promise<OpenBlock | undefined> {
    if (this.#block !== undefined) return this.#block;
    const found = await this.#file.block(this.#offset);
    if (found === undefined) return undefined;
    const hash = this.#hash.copy();
    for (const part of found.raw) hash.update(part);
    this.#block = { reader: new AvroReader(found.data), count: found.count, end: found.end, hash };
    return this.#block;
  }

  #datum({ reader }: OpenBlock): Buffer {
    const start = reader.position;
    try {
      this.#skip(reader);
    } catch (error) {
      reader.position = start;
      throw damaged(`datum ${this.#delivered + 1} of the block at byte ${this.#offset}`, error);
    }
    this.#delivered++;
    return reader.bytes.subarray(start, reader.position);
  }

  #leaveIfRead(block: OpenBlock): void {
    if (this.#delivered < block.count || block.reader.left > 0) return;
    this.#block = undefined;
    this.#offset = block.end;
    this.#hash = block.hash;
    this.#delivered = 0;
  }
}

/** The AVRO deserializer. */
export const avro: DeserializerType = defineComponent({
  type: 'AVRO',
  aliases: ['org.apache.flume.serialization.AvroEventDeserializer$Builder'],
  doc: 'a datum of an Avro container file is an event, its body the Avro binary',
  differences: [
    'A body is the datum as the file has it; Flume decodes it and encodes it anew, which puts the entries of maps in another order.',
    'Data of any schema are read; Flume reads records only.',
    'The codecs bzip2, xz and zstandard are refused: such a file is told once and left.',
    'A restart goes on behind the last datum that was delivered; Flume repeats those of its block.',
  ],
  fields: {
    schemaType: choice(['HASH', 'LITERAL'], {
      doc: 'the header of the schema: `flume.avro.schema.hash` is its CRC-64-AVRO in hexadecimal digits, `flume.avro.schema.literal` its JSON',
      default: 'HASH',
    }),
  },
  create:
    ({ schemaType }): OpenDeserializer =>
    (file, start) =>
      AvroFileReader.open(file, schemaType, start),
});
