/** Cases of channel selectors: where one event goes. */
import type { Channel } from '../../../src/agent/channels/channel.ts';
import { memory } from '../../../src/agent/channels/memory.ts';
import { selectors } from '../../../src/agent/selectors/index.ts';
import { configured, makeChannel } from '../../unit/agent/channels/make.ts';
import { type FlumeCase, passedIf, propertiesOf, same, type Verdict } from '../case.ts';

/** @param type the name behind `selector:` */
export function selector(type: string, one: FlumeCase): Verdict {
  const {
    channels: names,
    events,
    headers,
  } = one.input as { channels: string[]; events?: number; headers?: Record<string, string> };
  const channels = new Map(names.map((name) => [name, makeChannel(memory, {})]));
  const select = configured(selectors.get(type), propertiesOf(one), { channels });
  const namesOf = (chosen: readonly Channel[]): string[] =>
    names.filter((name) => chosen.includes(channels.get(name) as Channel));
  const choose = () => {
    const { optional, required } = select({ headers: headers ?? {}, body: Buffer.alloc(0) });
    return { required: namesOf(required), optional: namesOf(optional) };
  };
  if (events === undefined) {
    const chosen = choose();
    return passedIf(same(chosen, one.expected), chosen);
  }
  const chosen = Array.from({ length: events }, choose);
  const actual = {
    requiredPerEvent: chosen.map(({ required }) => required),
    optional: chosen.flatMap(({ optional }) => optional),
  };
  return passedIf(same(actual, one.expected), actual);
}
