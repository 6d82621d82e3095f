/** Sets headers to what the groups of a pattern find in the body. */
import { defineComponent } from '../component/component.ts';
import { javaPattern } from '../component/fields.ts';
import { listed } from '../component/nested.ts';
import type { Interceptor, InterceptorContext, InterceptorType } from './interceptor.ts';
import { groupSerializers } from './regex-extractor/serializer.ts';

/** The regex_extractor interceptor. */
export const regexExtractor: InterceptorType = defineComponent({
  type: 'regex_extractor',
  aliases: ['org.apache.flume.interceptor.RegexExtractorInterceptor$Builder'],
  doc: 'sets headers to what the groups of a pattern find in the body',
  fields: {
    regex: javaPattern({ doc: 'what is looked for in the body; its first match counts', required: true }),
  },
  lists: {
    serializers: listed({
      doc: 'names, one for each group of the pattern in their order, of what makes a header of it',
      prefix: 'serializers',
      types: groupSerializers,
      fallback: 'DEFAULT',
      required: true,
      exact: true,
    }),
  },
  create: ({ regex }, { log }: InterceptorContext, { lists }): Interceptor => {
    const serializers = lists.serializers.map(({ name, part }) => ({ name, ...part.create(undefined) }));
    const told = new Set<string>();
    return (event) => {
      const found = regex.find(Buffer.from(event.body).toString('utf8'));
      if (found === undefined) return event;
      const headers: [string, string][] = [];
      for (const [i, { header, name, serialize }] of serializers.entries()) {
        // A pattern may have fewer groups than there are serializers, and a group may be no part of the match.
        const text = i < regex.groups ? found.group(i + 1) : undefined;
        if (text === undefined) continue;
        const value = serialize(text);
        if (value !== undefined) headers.push([header, value]);
        else if (!told.has(name)) {
          told.add(name);
          log.warn(
            { text },
            `regex_extractor: serializer ${name} cannot read what its group found, ${header} is not set`,
          );
        }
      }
      return { headers: { ...event.headers, ...Object.fromEntries(headers) }, body: event.body };
    };
  },
});
