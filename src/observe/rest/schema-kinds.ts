/** The words in which the schemas of the endpoints are written. */

/** A JSON schema. */
export type Schema = Readonly<Record<string, unknown>>;

export const INTEGER: Schema = { type: 'integer' };
export const NUMBER: Schema = { type: 'number' };
export const TEXT: Schema = { type: 'string' };
export const BOOLEAN: Schema = { type: 'boolean' };

/** What may be null. */
export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** A list. */
export function list(items: Schema): Schema {
  return { type: 'array', items };
}

/** An object with these and no other properties. @param absent names that may be absent */
export function record(properties: Readonly<Record<string, Schema>>, absent: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !absent.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

export const MS: Schema = { ...NUMBER, description: 'ms' };
export const TIME_MS: Schema = { ...INTEGER, description: 'ms since the epoch' };
export const SPARK_TIME: Schema = { ...TEXT, description: 'as Spark writes it: 2015-03-11T15:27:56.138GMT' };
