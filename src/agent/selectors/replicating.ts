/** Every event goes to every channel of the source. */
import { defineComponent } from '../component/component.ts';
import { names } from '../component/fields.ts';
import type { Selector, SelectorContext, SelectorType } from './selector.ts';

/** The replicating selector. */
export const replicating: SelectorType = defineComponent({
  type: 'replicating',
  aliases: ['org.apache.flume.channel.ReplicatingChannelSelector'],
  doc: 'every event goes to every channel of the source',
  fields: { optional: names({ doc: 'channels whose failure does not fail the source', default: '' }) },
  create: ({ optional }, { channels }: SelectorContext): Selector => {
    const entries = [...channels];
    const selection = {
      required: entries.filter(([name]) => !optional.includes(name)).map(([, channel]) => channel),
      optional: entries.filter(([name]) => optional.includes(name)).map(([, channel]) => channel),
    };
    return () => selection;
  },
});
