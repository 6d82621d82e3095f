/**
 * The avro_event serializer: an Avro container file, whose records have the headers and the body of an event.
 * Source: the Avro specification 1.11, object container files; FlumeEventAvroEventSerializer of Flume 1.11.
 */
import zlib from 'node:zlib';
import { containerHeader, MARK_BYTES } from '../../avro/container.ts';
import { encodeAppend } from '../../avro/protocols/flume.ts';
import { snappyCompress } from '../../avro/snappy.ts';
import { encodeLong } from '../../avro/writer.ts';
import type { PlainEvent } from '../../core/event.ts';
import { randomBytes } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { choice, int } from '../component/fields.ts';
import type { FileSerializer, Serializer, SerializerContext, SerializerType } from './serializer.ts';

const SCHEMA =
  '{"type":"record","name":"Event","fields":[{"name":"headers","type":{"type":"map","values":"string"}},{"name":"body","type":"bytes"}]}';

/** How a block is packed. */
const CODECS = {
  null: (plain: Buffer): Buffer => plain,
  deflate: (plain: Buffer): Buffer => zlib.deflateRawSync(plain),
  snappy: snappyCompress,
};
type Codec = keyof typeof CODECS;

/** One container. Each batch ends a block, so that what is synced is whole. */
class Container implements FileSerializer {
  readonly #marker = randomBytes(MARK_BYTES);
  readonly #codec: Codec;
  readonly #blockBytes: number;

  constructor(codec: Codec, blockBytes: number) {
    this.#codec = codec;
    this.#blockBytes = blockBytes;
  }

  begin(): readonly Uint8Array[] {
    return [containerHeader(SCHEMA, this.#codec, this.#marker)];
  }

  batch(events: readonly PlainEvent[]): readonly Uint8Array[] {
    const parts: Uint8Array[] = [];
    let records: Buffer[] = [];
    let bytes = 0;
    for (const event of events) {
      // A request of one event has nothing but the event, whose record is this one.
      const record = encodeAppend(event);
      records.push(record);
      bytes += record.length;
      if (bytes < this.#blockBytes) continue;
      parts.push(...this.#block(records));
      [records, bytes] = [[], 0];
    }
    if (records.length > 0) parts.push(...this.#block(records));
    return parts;
  }

  #block(records: readonly Buffer[]): Uint8Array[] {
    const plain = Buffer.concat(records);
    const data = CODECS[this.#codec](plain);
    return [encodeLong(records.length), encodeLong(data.length), data, this.#marker];
  }
}

/** The avro_event serializer. */
export const avroEvent: SerializerType = defineComponent({
  type: 'avro_event',
  aliases: ['org.apache.flume.serialization.FlumeEventAvroEventSerializer$Builder'],
  doc: 'an Avro container file of records with headers and body',
  differences: [
    'Each batch ends a block of the file. The codecs bzip2, xz and zstandard are refused: use deflate or snappy.',
  ],
  fields: {
    syncIntervalBytes: int({
      unit: 'bytes',
      doc: 'about how many bytes a block has at most, before they are compressed',
      default: 2_048_000,
      min: 32,
    }),
    compressionCodec: choice(['null', 'deflate', 'snappy'], { doc: 'how blocks are compressed', default: 'null' }),
  },
  create:
    ({ compressionCodec, syncIntervalBytes }, _context: SerializerContext): Serializer =>
    () =>
      new Container(compressionCodec, syncIntervalBytes),
});
