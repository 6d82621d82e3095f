/** Avro object container files, block by block, right ones and wrong ones. */
import zlib from 'node:zlib';
import { snappyCompress } from '../../src/avro/snappy.ts';
import { encodeLong, encodeString } from '../../src/avro/writer.ts';

const MARKER = Buffer.alloc(16, 'm');

/** How a file is. */
export interface Container {
  readonly schema: unknown;
  readonly codec?: string;
  /** How many data each block says it has more than it has. */
  readonly more?: number;
}

/** The bytes of a file. @param blocks the encoded data of each */
export function containerFile(blocks: readonly (readonly Buffer[])[], { codec, more = 0, schema }: Container): Buffer {
  const metadata = [['avro.schema', JSON.stringify(schema)], ...(codec === undefined ? [] : [['avro.codec', codec]])];
  const head = [Buffer.from('Obj\u0001', 'latin1'), encodeLong(metadata.length), ...metadata.flat().map(encodeString)];
  const parts = [...head, encodeLong(0), MARKER];
  for (const block of blocks) {
    const plain = Buffer.concat(block);
    const data = codec === 'deflate' ? zlib.deflateRawSync(plain) : codec === 'snappy' ? snappyCompress(plain) : plain;
    parts.push(encodeLong(block.length + more), encodeLong(data.length), data, MARKER);
  }
  return Buffer.concat(parts);
}
