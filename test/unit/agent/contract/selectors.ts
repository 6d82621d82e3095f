/** What every selector promises: it chooses among the channels of its source, whatever the event. */
import { expect, it } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import type { SelectorType } from '../../../../src/agent/selectors/selector.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { oddEvents } from './events.ts';

/** @param properties of a selector whose source has the channels c1, c2, c3 */
export function selectorContract(type: SelectorType, properties: () => Properties): void {
  declarationContract(type, properties, false);

  it.each(Object.entries(oddEvents))(
    'takes an event with %s: each channel at most once, none that is not its own',
    (_what, event) => {
      const channels = new Map(['c1', 'c2', 'c3'].map((name) => [name, makeChannel(memory, {})]));
      const { required, optional } = configured(type, properties(), { channels })(event);
      const chosen = [...required, ...optional];
      expect(new Set(chosen).size).toBe(chosen.length);
      for (const channel of chosen) expect([...channels.values()]).toContain(channel);
    },
  );
}
