/** The header_and_text serializer: the headers as `{name=value, name=value}`, a blank, the body, and a newline. */
import { defineComponent } from '../component/component.ts';
import { bool } from '../component/fields.ts';
import { NEWLINE, ofEvents, type Serializer, type SerializerContext, type SerializerType } from './serializer.ts';

function headersOf(headers: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(headers).map(([name, value]) => `${name}=${value}`);
  return Buffer.from(`{${pairs.join(', ')}} `);
}

/** The header_and_text serializer. */
export const headerAndText: SerializerType = defineComponent({
  type: 'header_and_text',
  aliases: ['org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder'],
  doc: 'the headers and the body of each event, as text',
  differences: ["Headers come in the order in which they were set; in Flume in that of Java's HashMap."],
  fields: { appendNewline: bool({ doc: 'write a newline behind each event', default: true }) },
  create: ({ appendNewline }, _context: SerializerContext): Serializer =>
    ofEvents(({ headers, body }) => (appendNewline ? [headersOf(headers), body, NEWLINE] : [headersOf(headers), body])),
});
