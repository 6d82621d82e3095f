import { uuid as newId } from '../../core/machine.ts';
import { defineComponent } from '../component/component.ts';
import { bool, text } from '../component/fields.ts';
import { type Interceptor, type InterceptorContext, type InterceptorType, withHeader } from './interceptor.ts';

/** The uuid interceptor. */
export const uuid: InterceptorType = defineComponent({
  type: 'uuid',
  aliases: ['org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder'],
  doc: 'sets a header to a random UUID',
  differences: ['It has the short name `uuid`; Flume knows it by its class only.'],
  fields: {
    headerName: text({ doc: 'name of the header', default: 'id' }),
    preserveExisting: bool({ doc: 'keep the header when the event has it', default: true }),
    prefix: text({ doc: 'put before the UUID', default: '' }),
  },
  create: ({ headerName, preserveExisting, prefix }, _context: InterceptorContext): Interceptor => {
    return (event) => withHeader(event, headerName, `${prefix}${newId()}`, preserveExisting);
  },
});
