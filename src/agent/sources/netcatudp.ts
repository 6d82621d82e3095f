/** The netcatudp source: one event per datagram, up to its first newline. */
import { defineComponent } from '../component/component.ts';
import { port, text } from '../component/fields.ts';
import { DatagramSource } from './net/datagrams.ts';
import { plainAddress } from './net/peer.ts';
import type { Source, SourceContext, SourceType } from './source.ts';

const NEWLINE = 0x0a;

/** The netcatudp source. */
export const netcatUdp: SourceType = defineComponent({
  type: 'netcatudp',
  aliases: ['org.apache.flume.source.NetcatUdpSource'],
  doc: 'one event per datagram: what stands before its first newline',
  delivery:
    'At most once: nobody sends a datagram again. What has arrived waits, up to 64 MiB, while a channel takes nothing; what has no room is lost and counted as ChannelWriteFail.',
  differences: [
    'What arrives while a channel takes nothing waits, up to 64 MiB, and is put again; Flume drops it.',
    'Without remoteAddress there is no header; in Flume there is one without a name, which a file channel or an Avro sink fails on.',
    "The header's property may be called remoteAddressHeader too, as Flume's guide has it.",
  ],
  fields: {
    bind: text({ doc: 'address to listen on; every one when it is not given' }),
    port: port({ doc: 'port to listen on', required: true }),
    remoteAddress: text({ doc: "header that gets the peer's address, as /ip:port", aliases: ['remoteAddressHeader'] }),
  },
  create: ({ bind, port: number, remoteAddress }, context: SourceContext): Source =>
    new DatagramSource(
      {
        host: bind,
        port: number,
        eventOf: (bytes, from) => {
          const newline = bytes.indexOf(NEWLINE);
          const headers: Record<string, string> =
            remoteAddress === undefined ? {} : { [remoteAddress]: `/${plainAddress(from.address)}:${from.port}` };
          return { headers, body: newline < 0 ? bytes : bytes.subarray(0, newline) };
        },
      },
      context,
    ),
});
