/** The syslogudp source: one event per datagram. */
import { defineComponent } from '../component/component.ts';
import { DatagramSource } from './net/datagrams.ts';
import { Peers } from './net/peer.ts';
import type { Source, SourceContext, SourceType } from './source.ts';
import { checkFormat, formatsOf, onePortFields, SYSLOG_DELIVERY } from './syslog/fields.ts';
import { keepFields } from './syslog/keep-fields.ts';
import { SyslogReader } from './syslog/message.ts';

const LARGEST_DATAGRAM = 64 * 1024;

/** The syslogudp source. */
export const syslogUdp: SourceType = defineComponent({
  type: 'syslogudp',
  aliases: ['org.apache.flume.source.SyslogUDPSource'],
  doc: 'one event per syslog message, each a datagram of at most 64 KiB',
  delivery: `${SYSLOG_DELIVERY} Datagrams that find no room, in the kernel or in the 64 MiB of the source, are lost; the source counts its own as ChannelWriteFail.`,
  differences: [
    'What arrives while a channel takes nothing waits, up to 64 MiB, and is put again; Flume drops it.',
    'A datagram of < alone makes an event; Flume drops it.',
  ],
  fields: onePortFields,
  check: checkFormat,
  create: (values, context: SourceContext): Source => {
    const { host, port } = values;
    const peers = new Peers({ ip: values.clientIPHeader, hostname: values.clientHostnameHeader });
    // One for all datagrams: what a message lacks is taken from the last one that had it, whoever sent it, as in Flume.
    const reader = new SyslogReader({
      formats: formatsOf(values),
      keep: keepFields(values.keepFields),
      eventSize: LARGEST_DATAGRAM,
      now: () => context.clock.now(),
    });
    const eventOf = async (bytes: Buffer, { address }: { readonly address: string }) => {
      const event = reader.datagram(bytes);
      if (event === undefined) return undefined;
      return { headers: { ...event.headers, ...(await peers.headersOf(address)) }, body: event.body };
    };
    return new DatagramSource({ host, port, eventOf }, context);
  },
});
