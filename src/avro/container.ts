/**
 * What Avro object container files begin with, and what stands behind each of their blocks: the write-ahead log, recordings, the avro_event
 * serializer and the AVRO deserializer have such files. Source: Avro 1.11 specification, "Object Container Files".
 */
import { encodeLong, encodeString } from './writer.ts';

/** How long the mark behind each block is, in bytes. */
export const MARK_BYTES = 16;

/** What a container file begins with. */
export const MAGIC: Buffer = Buffer.from('Obj\u0001', 'latin1');

/** The schema of Flume's events, as Flume's own Avro serializer writes it. */
export const EVENT_SCHEMA: object = {
  type: 'record',
  name: 'AvroFlumeEvent',
  namespace: 'org.apache.flume.source.avro',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
};

/**
 * The head of a file.
 * @param schema of its data, as JSON @param codec by which blocks are packed @param mark random bytes, which are behind each block too
 */
export function containerHeader(schema: string, codec: string, mark: Buffer): Buffer {
  const entries = ['avro.schema', schema, 'avro.codec', codec].map(encodeString);
  // A map: how many entries, the entries, and 0 for the end.
  return Buffer.concat([MAGIC, encodeLong(2), ...entries, encodeLong(0), mark]);
}
