/** Sets a header to a fixed value. */
import { defineComponent } from '../component/component.ts';
import { bool, text } from '../component/fields.ts';
import { type Interceptor, type InterceptorContext, type InterceptorType, withHeader } from './interceptor.ts';

/** The static interceptor. */
export const staticHeader: InterceptorType = defineComponent({
  type: 'static',
  aliases: ['org.apache.flume.interceptor.StaticInterceptor$Builder'],
  doc: 'sets a header to a fixed value',
  fields: {
    key: text({ doc: 'name of the header', default: 'key' }),
    value: text({ doc: 'its value', default: 'value' }),
    preserveExisting: bool({ doc: 'keep the header when the event has it', default: true }),
  },
  create: ({ key, value, preserveExisting }, _context: InterceptorContext): Interceptor => {
    return (event) => withHeader(event, key, value, preserveExisting);
  },
});
