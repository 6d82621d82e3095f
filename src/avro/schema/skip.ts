/** Finds where a datum ends whose schema is known only when its file is opened. */
import type { AvroReader } from '../reader.ts';
import type { AvroSchema, Primitive } from './parse.ts';

/** Steps over a datum. @throws StreamjobError PROTOCOL_ERROR when the bytes are none of the schema's */
export type Skip = (reader: AvroReader) => void;

const PRIMITIVES: Readonly<Record<Primitive, Skip>> = {
  null: () => {},
  boolean: (reader) => void reader.boolean(),
  int: (reader) => reader.skipLong(),
  long: (reader) => reader.skipLong(),
  float: (reader) => void reader.fixed(4),
  double: (reader) => void reader.fixed(8),
  bytes: (reader) => void reader.skip(),
  string: (reader) => void reader.skip(),
};

/**
 * Makes what steps over a datum.
 * @example
 * const skip = skipOf(parseSchema('"string"'));
 * const reader = new AvroReader(bytes);
 * skip(reader); // reader.position is the end of the datum
 */
export function skipOf(schema: AvroSchema): Skip {
  return compile(schema, new Map());
}

/** @param known what steps over records, which may contain themselves */
function compile(schema: AvroSchema, known: Map<AvroSchema, Skip>): Skip {
  switch (schema.kind) {
    case 'primitive':
      return PRIMITIVES[schema.type];
    case 'enum':
      return (reader) => void reader.branch(schema.symbols.length);
    case 'fixed':
      return (reader) => void reader.fixed(schema.size);
    case 'array':
      return blocksOf(compile(schema.items, known));
    case 'map': {
      const value = compile(schema.values, known);
      return blocksOf((reader) => {
        reader.skip();
        value(reader);
      });
    }
    case 'union': {
      const branches = schema.branches.map((branch) => compile(branch, known));
      return (reader) => branches[reader.branch(branches.length)]?.(reader);
    }
    case 'record': {
      const made = known.get(schema);
      if (made !== undefined) return made;
      const fields: Skip[] = [];
      const skip: Skip = (reader) => {
        for (const field of fields) field(reader);
      };
      known.set(schema, skip);
      for (const field of schema.fields) fields.push(compile(field.schema, known));
      return skip;
    }
  }
}

function blocksOf(item: Skip): Skip {
  return (reader) => {
    for (let count = reader.blockCount(0); count > 0; count = reader.blockCount(0)) {
      for (let i = 0; i < count; i++) {
        const before = reader.position;
        item(reader);
        // No item of this type takes a byte, however many there are said to be.
        if (reader.position === before) break;
      }
    }
  };
}
