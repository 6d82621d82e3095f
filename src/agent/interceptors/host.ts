/** Sets a header to the address or the name of this machine. */
import os from 'node:os';
import { defineComponent } from '../component/component.ts';
import { bool, text } from '../component/fields.ts';
import { fullName, type Names, systemNames, within } from './host/own-name.ts';
import { type Interceptor, type InterceptorContext, type InterceptorType, withHeader } from './interceptor.ts';

/** The first events wait so long for the name, in ms; then the system's name is taken. */
const NAME_WAIT_MS = 5000;

/** The host interceptor. */
export const host: InterceptorType = defineComponent({
  type: 'host',
  aliases: ['org.apache.flume.interceptor.HostInterceptor$Builder'],
  doc: 'sets a header to the IP address or the full name of the machine the agent runs on',
  differences: [
    "useIP takes the first address that others can reach; Flume takes what Java resolves the host's name to, often 127.0.0.1.",
    "The name is looked up as Flume does it; where the name server gives none within 5 s it is the system's own name, and Flume waits on or sets no header.",
  ],
  fields: {
    hostHeader: text({ doc: 'name of the header', default: 'host' }),
    useIP: bool({ doc: 'the IP address rather than the name', default: true }),
    preserveExisting: bool({ doc: 'keep the header when the event has it', default: false }),
  },
  create: ({ hostHeader, useIP, preserveExisting }, context: InterceptorContext): Interceptor => {
    if (!useIP) return byName(hostHeader, preserveExisting, context);
    const value = ownAddress();
    return (event) => withHeader(event, hostHeader, value, preserveExisting);
  },
});

/** Sets the header to the full name; the first events wait until it is known. */
export function byName(
  header: string,
  preserve: boolean,
  { clock, log }: InterceptorContext,
  names: Names = systemNames,
): Interceptor {
  const system = os.hostname();
  let value = system;
  const intercept = (event: Parameters<Interceptor>[0]): ReturnType<Interceptor> =>
    withHeader(event, header, value, preserve);
  const ready = within(fullName(system, names), NAME_WAIT_MS, clock).then((name) => {
    if (name !== undefined && name !== 'late') value = name;
    else
      log.warn(
        { name: system },
        `interceptor host: the name server gives no name for this machine${name === 'late' ? ` within ${NAME_WAIT_MS} ms` : ''}, the header ${header} is the system's: ${system}`,
      );
  });
  return Object.assign(intercept, { ready });
}

/** The first address that others can reach; IPv4 first, as readers of the header expect. */
function ownAddress(): string {
  const outward = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal);
  return (outward.find(({ family }) => family === 'IPv4') ?? outward[0])?.address ?? '127.0.0.1';
}
