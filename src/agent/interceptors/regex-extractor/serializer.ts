/** What becomes of a group that the regex_extractor interceptor has found: the value of a header. */
import { messageOf } from '../../../core/errors.ts';
import { type Registry, registry } from '../../../core/registry.ts';
import { defineComponent } from '../../component/component.ts';
import type { ComponentType } from '../../component/component-type.ts';
import { text } from '../../component/fields.ts';
import { jodaReader } from '../../component/time/joda.ts';

/** Makes the value of a header of what a group has found. */
export interface GroupSerializer {
  /** The name of the header. */
  readonly header: string;
  /** @returns undefined for a text that it cannot read */
  readonly serialize: (found: string) => string | undefined;
}

/** A type of these. */
export type GroupSerializerType = ComponentType<undefined, GroupSerializer>;

const name = text({ doc: 'name of the header', required: true });

const passThrough: GroupSerializerType = defineComponent({
  type: 'DEFAULT',
  aliases: ['org.apache.flume.interceptor.RegexExtractorInterceptorPassThroughSerializer'],
  doc: 'the header has what the group has found',
  fields: { name },
  create: ({ name: header }): GroupSerializer => ({ header, serialize: (found) => found }),
});

const millis: GroupSerializerType = defineComponent({
  type: 'org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer',
  doc: 'the header has the time that the group has found, in ms since 1970',
  differences: [
    'A text that is not written as the pattern says sets no header, and the first of them is logged. In Flume the event cannot be put: its source tries it for ever, or drops the batch.',
    'The letters C, K, k and z of a pattern are refused.',
  ],
  fields: {
    name,
    pattern: text({
      doc: "how the time is written, as Joda-Time's DateTimeFormat has it; without a zone in it that of the process",
      required: true,
    }),
  },
  check: ({ pattern }, complain) => {
    try {
      jodaReader(pattern);
    } catch (error) {
      complain('pattern', `is ${JSON.stringify(pattern)}, expected a pattern of Joda-Time's: ${messageOf(error)}`);
    }
  },
  create: ({ name: header, pattern }): GroupSerializer => {
    const read = jodaReader(pattern);
    return { header, serialize: (found) => read(found)?.toString() };
  },
});

/** All of them, by their names. */
export const groupSerializers: Registry<GroupSerializerType> = registry('group serializer', [passThrough, millis]);
