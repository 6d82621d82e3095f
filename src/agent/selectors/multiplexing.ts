/** An event goes to the channels that the value of a header is mapped to. */
import type { PlainEvent } from '../../core/event.ts';
import type { Channel } from '../channels/channel.ts';
import { defineComponent } from '../component/component.ts';
import { map, names, text } from '../component/fields.ts';
import type { Selection, Selector, SelectorContext, SelectorType } from './selector.ts';

/** The multiplexing selector. */
export const multiplexing: SelectorType = defineComponent({
  type: 'multiplexing',
  aliases: ['org.apache.flume.channel.MultiplexingChannelSelector'],
  doc: 'an event goes to the channels that the value of a header is mapped to',
  fields: {
    header: text({ doc: 'name of the header', default: 'flume.selector.header' }),
    'mapping.*': map(names({ doc: 'channels' }), { doc: 'channels by the value of the header' }),
    'optional.*': map(names({ doc: 'channels' }), {
      doc: 'further channels by the value of the header, whose failure does not fail the source',
    }),
    default: names({
      doc: 'channels of all other values, and of events without the header; none: these events are dropped',
      default: '',
    }),
  },
  create: (values, { channels }: SelectorContext): Selector => {
    const listed = (of: readonly string[]): Channel[] => of.flatMap((name) => channels.get(name) ?? []);
    const others = listed(values.default);
    const selections = new Map<string, Selection>();
    const selectionOf = (value: string | undefined): Selection => {
      const mapped = value === undefined ? undefined : values['mapping.*']?.get(value);
      const required = mapped === undefined ? others : listed(mapped);
      const optional = value === undefined ? [] : listed(values['optional.*']?.get(value) ?? []);
      return { required, optional: optional.filter((channel) => !required.includes(channel)) };
    };
    for (const value of [...(values['mapping.*']?.keys() ?? []), ...(values['optional.*']?.keys() ?? [])]) {
      selections.set(value, selectionOf(value));
    }
    const none = selectionOf(undefined);
    return ({ headers }: PlainEvent) => selections.get(headers[values.header] ?? '') ?? none;
  },
});
