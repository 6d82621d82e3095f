/** Schemas that are known only when a file is opened. What Java's library 1.11 makes of them was taken down from it. */
import { describe, expect, it } from 'vitest';
import { AvroReader } from '../../../src/avro/reader.ts';
import { parseSchema } from '../../../src/avro/schema/parse.ts';
import { skipOf } from '../../../src/avro/schema/skip.ts';
import { schemaHash, schemaText } from '../../../src/avro/schema/text.ts';

/** A schema, its text by Java's Schema.toString(), and its fingerprint with the lowest byte first. */
const FROM_JAVA: readonly (readonly [string, string, string])[] = [
  ['"string"', '"string"', 'c70345637248018f'],
  [
    '{"type":"string", "avro.java.string":"String"}',
    '{"type":"string","avro.java.string":"String"}',
    'c70345637248018f',
  ],
  ['{"type":"int"}', '"int"', '8f5c393f1ad57572'],
  [
    '{"fields":[{"type":"int","name":"x","default":0},{"name":"y","type":["null","double"],"default":null,"doc":"é \\"q\\"","order":"descending","aliases":["z","w"],"prop":{"b":1,"a":[1.5,true]}},{"name":"d","type":"double","default":0.0},{"name":"d2","type":"double","default":1e10},{"name":"d3","type":"double","default":1.5e-5},{"name":"l","type":{"type":"long","logicalType":"timestamp-millis"},"default":9223372036854775807}],"name":"R","type":"record","namespace":"a.b","doc":"A doc","extra":"x","aliases":["Old","c.d.Other"]}',
    '{"type":"record","name":"R","namespace":"a.b","doc":"A doc","fields":[{"name":"x","type":"int","default":0},{"name":"y","type":["null","double"],"doc":"é \\"q\\"","default":null,"order":"descending","aliases":["z","w"],"prop":{"b":1,"a":[1.5,true]}},{"name":"d","type":"double","default":0.0},{"name":"d2","type":"double","default":1.0E10},{"name":"d3","type":"double","default":1.5E-5},{"name":"l","type":{"type":"long","logicalType":"timestamp-millis"},"default":9223372036854775807}],"extra":"x","aliases":["Old","c.d.Other"]}',
    'ce0930dcd7af52a2',
  ],
  [
    '{"type":"record","name":"Tree","fields":[{"name":"kids","type":{"type":"array","items":"Tree"}},{"name":"m","type":{"type":"map","values":["null","Tree"]}}]}',
    '{"type":"record","name":"Tree","fields":[{"name":"kids","type":{"type":"array","items":"Tree"}},{"name":"m","type":{"type":"map","values":["null","Tree"]}}]}',
    '3c2321b05f0af32f',
  ],
  [
    '{"type":"record","name":"x.y.Out","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A","doc":"d"}},{"name":"f","type":{"type":"fixed","name":"F","namespace":"other","size":16,"k":2}},{"name":"g","type":"E"},{"name":"h","type":"other.F"},{"name":"i","type":{"type":"record","name":"In","namespace":"","fields":[{"name":"q","type":"bytes","default":"\\u00ff"}]}},{"name":"j","type":["null","In"]}]}',
    '{"type":"record","name":"Out","namespace":"x.y","fields":[{"name":"e","type":{"type":"enum","name":"E","doc":"d","symbols":["A","B"],"default":"A"}},{"name":"f","type":{"type":"fixed","name":"F","namespace":"other","size":16,"k":2}},{"name":"g","type":"E"},{"name":"h","type":"other.F"},{"name":"i","type":{"type":"record","name":"In","namespace":"","fields":[{"name":"q","type":"bytes","default":"ÿ"}]}},{"name":"j","type":["null","In"]}]}',
    '707ac23348d24fc8',
  ],
  [
    '{"type":"error","name":"Err","fields":[{"name":"message","type":"string","order":"ignore"}]}',
    '{"type":"error","name":"Err","fields":[{"name":"message","type":"string","order":"ignore"}]}',
    '702768d5bfd47be7',
  ],
  [
    '["null",{"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":4,"scale":2},{"type":"map","values":"int","p":-5}]',
    '["null",{"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":4,"scale":2},{"type":"map","values":"int","p":-5}]',
    'f88959de69a57e2e',
  ],
];

describe('a schema of a file', () => {
  it.each(FROM_JAVA)('%s has the text and the fingerprint that Java gives it', (given, text, hash) => {
    expect([schemaText(parseSchema(given)), schemaHash(parseSchema(given))]).toEqual([text, hash]);
  });

  it.each([
    ['{', 'no JSON'],
    ['"Unknown"', 'there is no type Unknown'],
    ['{"type":"record","name":"R"}', 'the record R has no fields'],
    ['{"type":"record","fields":[]}', 'has no name'],
    ['{"type":"fixed","name":"F","size":-1}', 'has no size'],
    ['{"type":"enum","name":"E"}', 'no list of names'],
    ['[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":2}]', 'declared twice'],
    ['{"items":"int"}', 'is no type'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseSchema(text)).toThrow(why);
  });
});

describe('the end of a datum', () => {
  /** How many of the bytes are the datum. */
  function lengthOf(schema: unknown, hex: string): number {
    const reader = new AvroReader(Buffer.from(hex, 'hex'));
    skipOf(parseSchema(JSON.stringify(schema)))(reader);
    return reader.position;
  }

  it.each([
    ['a long of all its 64 bits', 'long', 'ffffffffffffffffff01aa', 10],
    ['a text', 'string', '0461620a', 3],
    [
      'a float and a double',
      {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'f', type: 'float' },
          { name: 'd', type: 'double' },
        ],
      },
      '00'.repeat(13),
      12,
    ],
    ['an array in two blocks, one with its size', { type: 'array', items: 'int' }, '04020401020600ff', 7],
    ['a map', { type: 'map', values: 'boolean' }, '0202610100ff', 5],
    ['a union', ['null', 'string'], '020261ff', 3],
    [
      'a fixed and an enum',
      {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'f', type: { type: 'fixed', name: 'F', size: 3 } },
          { name: 'e', type: { type: 'enum', name: 'E', symbols: ['A', 'B'] } },
        ],
      },
      '00000002ff',
      4,
    ],
    [
      'a tree',
      { type: 'record', name: 'T', fields: [{ name: 'kids', type: { type: 'array', items: 'T' } }] },
      '020200000000ff',
      5,
    ],
    ['a number of nulls that nobody can count to', { type: 'array', items: 'null' }, 'feffffffffffff1f00', 9],
  ])('%s', (_what, schema, hex, length) => {
    expect(lengthOf(schema, hex)).toBe(length);
  });

  it.each([
    ['an enum without such a symbol', { type: 'enum', name: 'E', symbols: ['A'] }, '02'],
    ['a union without such a branch', ['null'], '02'],
    ['a boolean that is neither', 'boolean', '02'],
    ['a text that goes on past the end', 'string', '0861'],
    ['an integer of eleven bytes', 'long', 'ff'.repeat(11)],
    ['a number that has no end', 'int', 'ff'],
  ])('%s is refused', (_what, schema, hex) => {
    expect(() => lengthOf(schema, hex)).toThrow(expect.objectContaining({ code: 'PROTOCOL_ERROR' }));
  });
});
