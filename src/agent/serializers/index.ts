/** The list of serializer types. */
import { type Registry, registry } from '../../core/registry.ts';
import { avroEvent } from './avro-event.ts';
import { headerAndText } from './header-and-text.ts';
import type { SerializerType } from './serializer.ts';
import { text } from './text.ts';

/** All serializer types, by their names. */
export const serializers: Registry<SerializerType> = registry('serializer', [text, headerAndText, avroEvent]);
