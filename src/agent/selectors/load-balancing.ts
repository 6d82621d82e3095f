/** The load_balancing selector: each event goes to one channel, in turn or at random. */
import { random } from '../../core/machine.ts';
import type { Channel } from '../channels/channel.ts';
import { defineComponent } from '../component/component.ts';
import { choice } from '../component/fields.ts';
import type { Selector, SelectorContext, SelectorType } from './selector.ts';

/** The load_balancing selector. */
export const loadBalancing: SelectorType = defineComponent({
  type: 'load_balancing',
  aliases: ['org.apache.flume.channel.LoadBalancingChannelSelector'],
  doc: 'sends each event to one of the channels',
  differences: ['It can be used; in Flume 1.11 a source that names it is dropped.'],
  fields: {
    policy: choice(['round_robin', 'random'], {
      doc: 'in turn, in the order in which the source names its channels, or at random',
      default: 'round_robin',
    }),
  },
  create: ({ policy }, { channels }: SelectorContext): Selector => {
    const all = [...channels.values()];
    let next = 0;
    const pick = (): Channel[] => {
      if (policy === 'random') return all.slice(Math.floor(random() * all.length)).slice(0, 1);
      const chosen = all.slice(next, next + 1);
      next = (next + 1) % all.length;
      return chosen;
    };
    return () => ({ required: pick(), optional: [] });
  },
});
