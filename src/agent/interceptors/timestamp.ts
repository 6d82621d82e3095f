/** Sets a header to the time now, in ms since the epoch. */
import { defineComponent } from '../component/component.ts';
import { bool, text } from '../component/fields.ts';
import { type Interceptor, type InterceptorContext, type InterceptorType, withHeader } from './interceptor.ts';

/** The timestamp interceptor. */
export const timestamp: InterceptorType = defineComponent({
  type: 'timestamp',
  aliases: ['org.apache.flume.interceptor.TimestampInterceptor$Builder'],
  doc: 'sets a header to the time of the event, in ms since the epoch',
  fields: {
    headerName: text({ doc: 'name of the header', default: 'timestamp' }),
    preserveExisting: bool({ doc: 'keep the header when the event has it', default: false }),
  },
  create: ({ headerName, preserveExisting }, { clock }: InterceptorContext): Interceptor => {
    return (event) => withHeader(event, headerName, String(clock.now()), preserveExisting);
  },
});
