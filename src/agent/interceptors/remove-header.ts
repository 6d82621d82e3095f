/** Removes headers: one by its name, those of a list, and those whose names fit a pattern. */
import { defineComponent } from '../component/component.ts';
import { javaPattern, text } from '../component/fields.ts';
import type { Interceptor, InterceptorContext, InterceptorType } from './interceptor.ts';

/** The remove_header interceptor. */
export const removeHeader: InterceptorType = defineComponent({
  type: 'remove_header',
  aliases: ['org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder'],
  doc: 'removes headers by name, by list and by pattern',
  fields: {
    withName: text({ doc: 'name of a header to remove' }),
    fromList: text({ doc: 'names of headers to remove, separated by fromListSeparator' }),
    fromListSeparator: javaPattern({ doc: 'what separates the names of fromList', default: '\\s*,\\s*' }),
    matching: javaPattern({ doc: 'headers whose whole name fits are removed' }),
  },
  create: ({ withName, fromList, fromListSeparator, matching }, _context: InterceptorContext): Interceptor => {
    const names = new Set(fromList === undefined ? [] : fromListSeparator.split(fromList));
    if (withName !== undefined) names.add(withName);
    const goes = (name: string): boolean => names.has(name) || matching?.matches(name) === true;
    return (event) => {
      const entries = Object.entries(event.headers);
      const kept = entries.filter(([name]) => !goes(name));
      return kept.length === entries.length ? event : { headers: Object.fromEntries(kept), body: event.body };
    };
  },
});
