/** The BLOB deserializer: a whole file is one event, or several when it is large. */
import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { defineComponent } from '../../component/component.ts';
import { int } from '../../component/fields.ts';
import {
  BATCH_BYTES,
  type Deserialized,
  type Deserializer,
  type DeserializerType,
  type OpenDeserializer,
} from './deserializer.ts';
import { digestOf, type Progress, type Start } from './position.ts';

/** So many bytes are read and hashed in one turn, so that others have theirs in between. */
const READ_BYTES = 1024 * 1024;

/** A file that is read in pieces. */
class BlobReader implements Deserializer {
  readonly whenCut: string;
  readonly #file: FileHandle;
  readonly #longest: number;
  readonly #hash: Hash;
  #offset: number;

  constructor(file: FileHandle, longest: number, { hash, offset }: Start) {
    this.#file = file;
    this.#longest = longest;
    this.#hash = hash;
    this.#offset = offset;
    this.whenCut = `files longer than deserializer.maxBlobLength (${longest}) are cut into several events`;
  }

  get progress(): Progress {
    return { offset: this.#offset, digest: digestOf(this.#hash) };
  }

  async read(count: number): Promise<Deserialized[]> {
    const pieces: Deserialized[] = [];
    for (let bytes = 0; pieces.length < count && bytes < BATCH_BYTES; ) {
      const piece = await this.#piece();
      if (piece === undefined) break;
      pieces.push(piece);
      bytes += piece.body.length;
    }
    return pieces;
  }

  async #piece(): Promise<Deserialized | undefined> {
    const { size } = await this.#file.stat();
    const wanted = Math.min(this.#longest, size - this.#offset);
    if (wanted <= 0) return undefined;
    const body = Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const most = Math.min(READ_BYTES, wanted - filled);
      const { bytesRead } = await this.#file.read(body, filled, most, this.#offset + filled);
      // It was made shorter: the source finds that out when the file is to be settled.
      if (bytesRead === 0) break;
      this.#hash.update(body.subarray(filled, filled + bytesRead));
      filled += bytesRead;
    }
    if (filled === 0) return undefined;
    const cut = this.#offset + filled < size || this.#offset > 0;
    this.#offset += filled;
    return { body: body.subarray(0, filled), cut };
  }
}

/** The BLOB deserializer, of Flume's morphline module. */
export const blob: DeserializerType = defineComponent({
  type: 'BLOB',
  aliases: ['org.apache.flume.sink.solr.morphline.BlobDeserializer$Builder'],
  doc: 'a file is an event',
  differences: [
    'A batch ends when its events have 16 MiB or more; Flume holds `batchSize` events at once, whatever their size.',
  ],
  fields: {
    maxBlobLength: int({
      unit: 'bytes',
      doc: 'longest body; a longer file becomes several events',
      default: 100_000_000,
      min: 1,
      max: 2_147_483_647,
    }),
  },
  create:
    ({ maxBlobLength }): OpenDeserializer =>
    async (file, start) =>
      new BlobReader(file, maxBlobLength, start),
});
