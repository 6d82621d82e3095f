/** Avro container files whose schemas have all that Java writes in a form of its own. */
import avsc from 'avsc';
import { containerFile } from '../../kit/container-file.ts';

const READING: avsc.Schema = {
  fields: [
    { type: 'long', name: 'at', doc: 'when, "exactly" \u00fc', default: 0 },
    { name: 'value', type: ['null', 'double'], default: null, order: 'descending' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['WARM', 'COLD'], aliases: ['Sort'] } },
    { name: 'key', type: { type: 'fixed', name: 'Key', namespace: 'keys', size: 4 } },
    { name: 'more', type: { type: 'array', items: ['null', 'string', 'weather.Reading'] } },
    { name: 'tags', type: { type: 'map', values: 'bytes' } },
  ],
  namespace: 'weather',
  name: 'Reading',
  doc: 'One reading',
  type: 'record',
  aliases: ['Measure'],
};
const TYPE = avsc.Type.forSchema(READING);

const READINGS = Array.from({ length: 8 }, (_, i) =>
  TYPE.toBuffer({
    at: i * 10_000_000_000,
    value: i % 2 === 0 ? null : i / 3,
    kind: i % 3 === 0 ? 'WARM' : 'COLD',
    key: Buffer.alloc(4, i),
    more: [null, `more ${i}`],
    tags: { one: Buffer.from([i, 255]) },
  }),
);
const TEXT = {
  type: 'record',
  name: 'some.where.Text',
  fields: [{ name: 'text', type: { type: 'string', 'avro.java.string': 'String' }, default: '' }],
};
// A record of one field has the bytes of that field.
const TEXTS = ['one', '', '\u00fc'].map((text) => avsc.Type.forSchema('string').toBuffer(text));

/** By their names. */
export const CONTAINERS: Readonly<Record<string, Buffer>> = {
  'a.avro': containerFile([READINGS.slice(0, 5), READINGS.slice(5)], { codec: 'deflate', schema: READING }),
  // Seven times the same: there is something to copy.
  'c.avro': containerFile([Array.from({ length: 7 }, () => READINGS[0] ?? Buffer.alloc(0))], {
    codec: 'snappy',
    schema: READING,
  }),
  'b.avro': containerFile([TEXTS], { schema: TEXT }),
};

/** A file of two blocks, the second of which ends with the marker of another file. */
export const DAMAGED: Buffer = ((): Buffer => {
  const bytes = containerFile([READINGS.slice(0, 4), READINGS.slice(4)], { schema: READING });
  return bytes.fill('x', bytes.length - 16);
})();
