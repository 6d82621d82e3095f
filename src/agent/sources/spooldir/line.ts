/** The LINE deserializer: each line of a file is an event. */
import type { FileHandle } from 'node:fs/promises';
import { defineComponent } from '../../component/component.ts';
import { charset, int } from '../../component/fields.ts';
import type { DeserializerContext, DeserializerType, OpenDeserializer } from './deserializer.ts';
import { FileEncoding, type LineEncoding } from './encoding.ts';
import { LineReader } from './line-reader.ts';

/** The LINE deserializer. */
export const line: DeserializerType = defineComponent({
  type: 'LINE',
  aliases: ['org.apache.flume.serialization.LineDeserializer$Builder'],
  doc: 'each line is an event',
  fields: {
    maxLineLength: int({
      unit: 'characters',
      doc: 'longest line in characters; longer ones are cut into several events. A line of just that length is one event; Flume makes an empty one of its newline too',
      default: 2048,
      min: 1,
    }),
    outputCharset: charset({ doc: 'character set of the bodies', default: 'UTF-8' }),
  },
  create: ({ maxLineLength, outputCharset }, context: DeserializerContext): OpenDeserializer => {
    const longest = context.longestLine ?? maxLineLength;
    const encoding: LineEncoding = { charset: context.charset, policy: context.policy, output: outputCharset };
    return async (file, start) => new LineReader(file, await encodingOf(file, encoding), longest, start);
  },
});

/** The file's own byte order, by the mark that it begins with. */
async function encodingOf(file: FileHandle, encoding: LineEncoding): Promise<FileEncoding> {
  const mark = Buffer.alloc(encoding.charset.markBytes);
  const { bytesRead } = await file.read(mark, 0, mark.length, 0);
  return new FileEncoding(encoding, mark.subarray(0, bytesRead));
}
