/** Avro object container files without compression, as the log and recordings are. Source: Avro 1.11 specification, "Object Container Files". */

import { encodeLong } from '../../avro/event-block.ts';
import { encodeString } from '../../avro/writer.ts';

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

/** The head of a file. @param mark random bytes, which are behind each block too */
export function containerHeader(schema: object, mark: Buffer): Buffer {
  const entries = ['avro.schema', JSON.stringify(schema), 'avro.codec', 'null'].map(encodeString);
  return Buffer.concat([MAGIC, encodeLong(2), ...entries, encodeLong(0), mark]);
}
