/** The list of deserializer types of the spooldir source. */
import { type Registry, registry } from '../../../core/registry.ts';
import { avro } from './avro.ts';
import { blob } from './blob.ts';
import type { DeserializerType } from './deserializer.ts';
import { line } from './line.ts';

/** All deserializer types, by their names. */
export const deserializers: Registry<DeserializerType> = registry('deserializer', [line, avro, blob]);
