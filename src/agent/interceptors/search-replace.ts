/** Replaces what a pattern finds in the body. */

import { messageOf } from '../../core/errors.ts';
import { Charset } from '../component/charset/charset.ts';
import { defineComponent } from '../component/component.ts';
import { charset, javaPattern, text } from '../component/fields.ts';
import type { Interceptor, InterceptorContext, InterceptorType } from './interceptor.ts';

const UTF_8 = Charset.find('UTF-8') as Charset;

/** The search_replace interceptor. */
export const searchReplace: InterceptorType = defineComponent({
  type: 'search_replace',
  aliases: ['org.apache.flume.interceptor.SearchAndReplaceInterceptor$Builder'],
  doc: 'replaces what a pattern finds in the body',
  fields: {
    searchPattern: javaPattern({ doc: 'what is replaced, all over the body', required: true }),
    replaceString: text({
      doc: 'what takes its place; $1 is a group, and a backslash stands before a $ that is none',
      default: '',
    }),
    charset: charset({ doc: 'in which the body is read and written', default: 'UTF-8' }),
  },
  check: ({ replaceString, searchPattern }, complain) => {
    if (searchPattern.source === '') complain('searchPattern', 'is empty');
    try {
      searchPattern.replacement(replaceString);
    } catch (error) {
      complain('replaceString', messageOf(error));
    }
  },
  create: ({ charset: set, replaceString, searchPattern }, _context: InterceptorContext): Interceptor => {
    const replace = searchPattern.replacement(replaceString);
    const isUtf8 = set.name === UTF_8.name;
    return (event) => {
      const bytes = Buffer.from(event.body);
      const decoder = set.decoder('REPLACE');
      const before = isUtf8 ? bytes.toString('utf8') : decoder.write(bytes) + decoder.end();
      const after = replace(before);
      return after === before ? event : { headers: event.headers, body: set.encode(after) };
    };
  },
});
