/** The text serializer: the body, and a newline. */
import { defineComponent } from '../component/component.ts';
import { bool } from '../component/fields.ts';
import { NEWLINE, ofEvents, type Serializer, type SerializerContext, type SerializerType } from './serializer.ts';

/** The text serializer. */
export const text: SerializerType = defineComponent({
  type: 'text',
  aliases: ['org.apache.flume.serialization.BodyTextEventSerializer$Builder'],
  doc: 'the body of each event; its headers are left out',
  fields: { appendNewline: bool({ doc: 'write a newline behind each event', default: true }) },
  create: ({ appendNewline }, _context: SerializerContext): Serializer =>
    ofEvents(appendNewline ? ({ body }) => [body, NEWLINE] : ({ body }) => [body]),
});
