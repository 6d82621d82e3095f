/**
 * Reads the JSON of an Avro schema that is known only when a file is opened. Names are resolved as Java's library resolves them, so that
 * the schema's fingerprint and its text are the same there and here. Format: Avro 1.11 specification, "Schema Declaration".
 */
import { StreamjobError } from '../../core/errors.ts';
import { type Json, parseJson } from './json.ts';

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** A name and its namespace; `space` is empty where there is none. */
export interface Name {
  readonly name: string;
  readonly space: string;
}

/** What is not Avro's own in a schema, in its order. */
export type Properties = readonly (readonly [string, Json])[];

/** What all named types have. */
interface Named {
  readonly name: Name;
  readonly doc: string | undefined;
  readonly aliases: readonly Name[];
  readonly properties: Properties;
}

/** A field of a record. */
export interface SchemaField {
  readonly name: string;
  readonly schema: AvroSchema;
  readonly doc: string | undefined;
  /** Undefined: it has none. */
  readonly default: Json | undefined;
  readonly order: string;
  readonly aliases: readonly string[];
  readonly properties: Properties;
}

export interface RecordSchema extends Named {
  readonly kind: 'record';
  /** Whether it was declared as an error of a protocol, whose data are as those of a record. */
  readonly isError: boolean;
  readonly fields: readonly SchemaField[];
}

/** A schema. A type that is named again is the same object again. */
export type AvroSchema =
  | { readonly kind: 'primitive'; readonly type: Primitive; readonly properties: Properties }
  | RecordSchema
  | (Named & { readonly kind: 'enum'; readonly symbols: readonly string[]; readonly default: string | undefined })
  | (Named & { readonly kind: 'fixed'; readonly size: number })
  | { readonly kind: 'array'; readonly items: AvroSchema; readonly properties: Properties }
  | { readonly kind: 'map'; readonly values: AvroSchema; readonly properties: Properties }
  | { readonly kind: 'union'; readonly branches: readonly AvroSchema[] };

/** Names of a schema that are Avro's own. */
const OWN = ['doc', 'fields', 'items', 'name', 'namespace', 'size', 'symbols', 'values', 'type', 'aliases'];
const OWN_OF_ENUMS = [...OWN, 'default'];
const OWN_OF_FIELDS = ['default', 'doc', 'name', 'order', 'type', 'aliases'];

type JsonObject = { readonly [name: string]: Json };

/**
 * Reads a schema.
 * @throws StreamjobError EVENT_UNREADABLE when it is none
 * @example parseSchema('{"type":"record","name":"Point","fields":[{"name":"x","type":"int"}]}')
 */
export function parseSchema(text: string): AvroSchema {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new StreamjobError('EVENT_UNREADABLE', 'its schema is no JSON', { cause });
  }
  return new Parser().parse(json, '');
}

/** `a.b.C`, or `C` where there is no namespace. */
export function fullName({ name, space }: Name): string {
  return space === '' ? name : `${space}.${name}`;
}

class Parser {
  readonly #named = new Map<string, AvroSchema>();

  /** @param space the namespace of names without one */
  parse(json: Json, space: string): AvroSchema {
    if (typeof json === 'string') return this.#reference(json, space);
    if (Array.isArray(json))
      return { kind: 'union', branches: (json as readonly Json[]).map((branch) => this.parse(branch, space)) };
    const object = objectOf(json);
    const { type } = object;
    // Some libraries write {"type": {"type": "string"}}.
    if (typeof type !== 'string') return this.parse(type ?? null, space);
    const primitive = primitiveOf(type);
    if (primitive !== undefined) return { kind: 'primitive', type: primitive, properties: propertiesOf(object, OWN) };
    const properties = propertiesOf(object, type === 'enum' ? OWN_OF_ENUMS : OWN);
    if (type === 'array') return { kind: 'array', items: this.parse(object['items'] ?? null, space), properties };
    if (type === 'map') return { kind: 'map', values: this.parse(object['values'] ?? null, space), properties };
    if (!['record', 'error', 'enum', 'fixed'].includes(type)) return this.#reference(type, space);
    return this.#namedType(type, object, properties, space);
  }

  #namedType(type: string, object: JsonObject, properties: Properties, outer: string): AvroSchema {
    const name = nameOf(textOf(object, 'name'), optionalText(object, 'namespace') ?? outer);
    const key = fullName(name);
    if (this.#named.has(key)) throw invalid(`the type ${key} is declared twice`);
    const aliases = textsOf(object['aliases'] ?? []).map((alias) => nameOf(alias, name.space));
    const common = { name, doc: optionalText(object, 'doc'), aliases, properties };
    if (type === 'enum') {
      const symbols = textsOf(object['symbols'] ?? null);
      return this.#add(key, { ...common, kind: 'enum', symbols, default: optionalText(object, 'default') });
    }
    if (type === 'fixed') {
      const { size } = object;
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
        throw invalid(`the fixed type ${key} has no size`);
      return this.#add(key, { ...common, kind: 'fixed', size });
    }
    // Its fields may name it: it is known before they are read.
    const fields: SchemaField[] = [];
    const record = this.#add(key, { ...common, kind: 'record', isError: type === 'error', fields });
    const given = object['fields'];
    if (!Array.isArray(given)) throw invalid(`the record ${key} has no fields`);
    for (const field of given as readonly Json[]) fields.push(this.#field(objectOf(field), name.space));
    return record;
  }

  #field(object: JsonObject, space: string): SchemaField {
    return {
      name: textOf(object, 'name'),
      schema: this.parse(object['type'] ?? null, space),
      doc: optionalText(object, 'doc'),
      default: object['default'],
      order: optionalText(object, 'order')?.toLowerCase() ?? 'ascending',
      aliases: textsOf(object['aliases'] ?? []),
      properties: propertiesOf(object, OWN_OF_FIELDS),
    };
  }

  #add<S extends AvroSchema>(key: string, schema: S): S {
    this.#named.set(key, schema);
    return schema;
  }

  #reference(text: string, space: string): AvroSchema {
    const primitive = primitiveOf(text);
    if (primitive !== undefined) return { kind: 'primitive', type: primitive, properties: [] };
    const name = nameOf(text, space);
    const found = this.#named.get(fullName(name)) ?? this.#named.get(name.name);
    if (found === undefined) throw invalid(`there is no type ${text}`);
    return found;
  }
}

function primitiveOf(type: string): Primitive | undefined {
  return PRIMITIVES.find((each) => each === type);
}

/** A name with dots has its namespace within it. */
function nameOf(text: string, space: string): Name {
  const dot = text.lastIndexOf('.');
  return dot < 0 ? { name: text, space } : { name: text.slice(dot + 1), space: text.slice(0, dot) };
}

function propertiesOf(object: JsonObject, own: readonly string[]): Properties {
  return Object.entries(object).filter(([name]) => !own.includes(name));
}

function objectOf(json: Json): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject;
  throw invalid(`${JSON.stringify(json)} is no type`);
}

function textOf(object: JsonObject, name: string): string {
  const text = optionalText(object, name);
  if (text === undefined) throw invalid(`a type or a field has no ${name}`);
  return text;
}

function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

function textsOf(json: Json): string[] {
  if (Array.isArray(json) && json.every((each) => typeof each === 'string')) return json;
  throw invalid(`${JSON.stringify(json)} is no list of names`);
}

function invalid(why: string): StreamjobError {
  return new StreamjobError('EVENT_UNREADABLE', `its schema is not valid: ${why}`);
}
