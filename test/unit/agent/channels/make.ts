/** Makes components for tests from properties, the way a flume.conf does. */
import type { Channel, ChannelContext, ChannelType } from '../../../../src/agent/channels/channel.ts';
import type { ComponentType } from '../../../../src/agent/component/component-type.ts';
import { channelCounters } from '../../../../src/agent/component/counters.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { type Clock, systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';

export function configured<C, I>(
  type: ComponentType<C, I>,
  properties: Record<string, string | number | boolean>,
  context: C,
): I {
  const settings = new Map<string, Setting>(
    Object.entries(properties).map(([key, value], i) => [key, { key, value: String(value), line: i + 1 }]),
  );
  const problems = new Problems('test');
  const made = type.configure(settings, { owner: type.type, line: 1, problems });
  problems.throwIfAny();
  if (made === undefined) throw new Error('not configured');
  return made.create(context);
}

export function makeChannel(
  type: ChannelType,
  properties: Record<string, string | number>,
  clock: Clock = systemClock,
): Channel {
  const context: ChannelContext = { name: 'c1', log: silentLogger, clock, counters: channelCounters() };
  return configured(type, properties, context);
}
