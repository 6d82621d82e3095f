/** The list of serializers of the hbase sinks. They are named by Flume's classes, since Flume has no short names for them. */
import { type Registry, registry } from '../../../core/registry.ts';
import { regex } from './regex.ts';
import type { HbaseSerializerType } from './serializer.ts';
import { simple } from './simple.ts';

/** All serializers of the hbase sinks, by their names. */
export const hbaseSerializers: Registry<HbaseSerializerType> = registry('HBase serializer', [simple, regex]);
