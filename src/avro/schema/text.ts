/** The texts of a schema, as Java's Avro library writes them: the whole of it, and its canonical form with the fingerprint. */
import { writeJson } from './json.ts';
import { type AvroSchema, fullName, type Name, type Properties, type RecordSchema } from './parse.ts';

/** A schema's whole text, letter by letter what Java's Schema.toString() gives. */
export function schemaText(schema: AvroSchema): string {
  return new Writer().write(schema, '');
}

/** The canonical form: what of a schema decides how data are read. */
export function canonicalForm(schema: AvroSchema): string {
  return canonical(schema, new Set());
}

/** CRC-64-AVRO of the canonical form, as 16 hexadecimal digits with the lowest byte first, as Flume writes it. */
export function schemaHash(schema: AvroSchema): string {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(canonicalForm(schema))) {
    fingerprint ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) fingerprint = (fingerprint >> 1n) ^ (fingerprint & 1n ? EMPTY : 0n);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(fingerprint);
  return bytes.toString('hex');
}

/** The fingerprint of no bytes, which is the polynomial too. */
const EMPTY = 0xc15d_213a_a4d7_a795n;

const quoted = (text: string): string => JSON.stringify(text);
const object = (members: readonly (readonly [string, string])[]): string =>
  `{${members.map(([name, value]) => `${quoted(name)}:${value}`).join(',')}}`;

type Members = [string, string][];

/** Writes a schema; a type that is named again is written by its name. */
class Writer {
  readonly #written = new Set<AvroSchema>();

  /** @param space the namespace around it */
  write(schema: AvroSchema, space: string): string {
    switch (schema.kind) {
      case 'primitive':
        if (schema.properties.length === 0) return quoted(schema.type);
        return object([['type', quoted(schema.type)], ...own(schema.properties)]);
      case 'union':
        return `[${schema.branches.map((branch) => this.write(branch, space)).join(',')}]`;
      case 'array':
        return object([['type', '"array"'], ['items', this.write(schema.items, space)], ...own(schema.properties)]);
      case 'map':
        return object([['type', '"map"'], ['values', this.write(schema.values, space)], ...own(schema.properties)]);
      default:
        return this.#named(schema, space);
    }
  }

  #named(schema: Extract<AvroSchema, { readonly name: Name }>, space: string): string {
    const { aliases, doc, name } = schema;
    if (this.#written.has(schema)) return quoted(qualified(name, space));
    this.#written.add(schema);
    const type = schema.kind === 'record' && schema.isError ? 'error' : schema.kind;
    const members: Members = [
      ['type', quoted(type)],
      ['name', quoted(name.name)],
    ];
    if (name.space !== space) members.push(['namespace', quoted(name.space)]);
    if (doc !== undefined) members.push(['doc', quoted(doc)]);
    if (schema.kind === 'record') members.push(['fields', this.#fields(schema)]);
    if (schema.kind === 'enum') {
      members.push(['symbols', `[${schema.symbols.map(quoted).join(',')}]`]);
      if (schema.default !== undefined) members.push(['default', quoted(schema.default)]);
    }
    if (schema.kind === 'fixed') members.push(['size', String(schema.size)]);
    members.push(...own(schema.properties));
    const others = [...new Set(aliases.map((alias) => qualified(alias, name.space)))];
    if (others.length > 0) members.push(['aliases', `[${others.map(quoted).join(',')}]`]);
    return object(members);
  }

  #fields({ fields, name: { space } }: RecordSchema): string {
    const written = fields.map((field) => {
      const members: Members = [
        ['name', quoted(field.name)],
        ['type', this.write(field.schema, space)],
      ];
      if (field.doc !== undefined) members.push(['doc', quoted(field.doc)]);
      if (field.default !== undefined) members.push(['default', writeJson(field.default)]);
      if (field.order !== 'ascending') members.push(['order', quoted(field.order)]);
      if (field.aliases.length > 0) members.push(['aliases', `[${field.aliases.map(quoted).join(',')}]`]);
      return object([...members, ...own(field.properties)]);
    });
    return `[${written.join(',')}]`;
  }
}

function own(properties: Properties): Members {
  return properties.map(([name, value]) => [name, writeJson(value)]);
}

/** A name as it is written within a namespace. */
function qualified(name: Name, space: string): string {
  return name.space === space ? name.name : fullName(name);
}

/** @param named the types that were written already */
function canonical(schema: AvroSchema, named: Set<AvroSchema>): string {
  switch (schema.kind) {
    case 'primitive':
      return `"${schema.type}"`;
    case 'union':
      return `[${schema.branches.map((branch) => canonical(branch, named)).join(',')}]`;
    case 'array':
      return `{"type":"array","items":${canonical(schema.items, named)}}`;
    case 'map':
      return `{"type":"map","values":${canonical(schema.values, named)}}`;
    default: {
      const name = `"${fullName(schema.name)}"`;
      if (named.has(schema)) return name;
      named.add(schema);
      const head = `{"name":${name},"type":"${schema.kind}"`;
      if (schema.kind === 'fixed') return `${head},"size":${schema.size}}`;
      if (schema.kind === 'enum') return `${head},"symbols":[${schema.symbols.map((each) => `"${each}"`).join(',')}]}`;
      const fields = schema.fields.map((field) => `{"name":"${field.name}","type":${canonical(field.schema, named)}}`);
      return `${head},"fields":[${fields.join(',')}]}`;
    }
  }
}
