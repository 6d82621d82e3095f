/** Sets a header to the address or the name of this machine. */
import os from 'node:os';
import { defineComponent } from '../component/component.ts';
import { bool, text } from '../component/fields.ts';
import { type Interceptor, type InterceptorContext, type InterceptorType, withHeader } from './interceptor.ts';

/** The host interceptor. */
export const host: InterceptorType = defineComponent({
  type: 'host',
  aliases: ['org.apache.flume.interceptor.HostInterceptor$Builder'],
  doc: 'sets a header to the IP address or the name of the machine the agent runs on',
  differences: [
    "useIP takes the first address that others can reach, and the name is that of the system; Flume takes what Java resolves the host's name to, often 127.0.0.1.",
  ],
  fields: {
    hostHeader: text({ doc: 'name of the header', default: 'host' }),
    useIP: bool({ doc: 'the IP address rather than the name', default: true }),
    preserveExisting: bool({ doc: 'keep the header when the event has it', default: false }),
  },
  create: ({ hostHeader, useIP, preserveExisting }, _context: InterceptorContext): Interceptor => {
    const value = useIP ? ownAddress() : os.hostname();
    return (event) => withHeader(event, hostHeader, value, preserveExisting);
  },
});

/** The first address that others can reach; IPv4 first, as readers of the header expect. */
function ownAddress(): string {
  const outward = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  return (outward.find(({ family }) => family === 'IPv4') ?? outward[0])?.address ?? '127.0.0.1';
}
