/** Every serializer keeps what a serializer promises. */
import { serializers } from '../../../../src/agent/serializers/index.ts';
import type { Properties } from './declarations.ts';
import { forEveryEntry } from './entries.ts';
import { serializerContract } from './serializers.ts';

const fixtures: Readonly<Record<string, () => Properties>> = {
  text: () => ({}),
  header_and_text: () => ({}),
  avro_event: () => ({}),
};

forEveryEntry(serializers, fixtures, serializerContract);
