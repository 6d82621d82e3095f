/** Avro types by avsc, which is loaded when the first of them is used: with all its types it took a tenth of a job's start. */
import { createRequire } from 'node:module';
import type { Schema, Type } from 'avsc';

/**
 * A type that is made when it is first asked for.
 * @example const longType = lazyType(() => 'long'); longType().toBuffer(7)
 */
export function lazyType(schema: () => Schema): () => Type {
  let type: Type | undefined;
  return () => {
    type ??= avsc().Type.forSchema(schema());
    return type;
  };
}

function avsc(): typeof import('avsc') {
  return createRequire(import.meta.url)('avsc') as typeof import('avsc');
}
