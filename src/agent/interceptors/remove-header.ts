/** Removes headers: one by its name, those of a list, and those whose names fit a pattern. */
import { defineComponent } from '../component/component.ts';
import { regex, text } from '../component/fields.ts';
import type { Interceptor, InterceptorContext, InterceptorType } from './interceptor.ts';

/** Java's `matches`: the whole name must fit, not a part of it. */
function wholeOf(pattern: RegExp): RegExp {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags);
}

/** The remove_header interceptor. */
export const removeHeader: InterceptorType = defineComponent({
  type: 'remove_header',
  aliases: ['org.apache.flume.interceptor.RemoveHeaderInterceptor$Builder'],
  doc: 'removes headers by name, by list and by pattern',
  fields: {
    withName: text({ doc: 'name of a header to remove' }),
    fromList: text({ doc: 'names of headers to remove, separated by fromListSeparator' }),
    fromListSeparator: regex({ doc: 'what separates the names of fromList', default: '\\s*,\\s*' }),
    matching: regex({ doc: 'headers whose whole name fits are removed' }),
  },
  create: ({ withName, fromList, fromListSeparator, matching }, _context: InterceptorContext): Interceptor => {
    const names = new Set(fromList?.split(fromListSeparator));
    if (withName !== undefined) names.add(withName);
    const pattern = matching === undefined ? undefined : wholeOf(matching);
    const goes = (name: string): boolean => names.has(name) || pattern?.test(name) === true;
    return (event) => {
      const entries = Object.entries(event.headers);
      const kept = entries.filter(([name]) => !goes(name));
      return kept.length === entries.length ? event : { headers: Object.fromEntries(kept), body: event.body };
    };
  },
});
