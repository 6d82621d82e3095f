/** Lets events through, or drops them, by whether a pattern is found in their bodies. */
import { defineComponent } from '../component/component.ts';
import { bool, javaPattern } from '../component/fields.ts';
import type { Interceptor, InterceptorContext, InterceptorType } from './interceptor.ts';

/** The regex_filter interceptor. */
export const regexFilter: InterceptorType = defineComponent({
  type: 'regex_filter',
  aliases: ['org.apache.flume.interceptor.RegexFilteringInterceptor$Builder'],
  doc: 'lets events through, or drops them, by a pattern that is looked for in their bodies',
  fields: {
    regex: javaPattern({ doc: 'found anywhere in the body, which is read as UTF-8', default: '.*' }),
    excludeEvents: bool({ doc: 'drop the events that it is found in, instead of the others', default: false }),
  },
  create: ({ excludeEvents, regex }, _context: InterceptorContext): Interceptor => {
    return (event) => {
      const isFound = regex.find(Buffer.from(event.body).toString('utf8')) !== undefined;
      return isFound === excludeEvents ? undefined : event;
    };
  },
});
