/** A spillable memory channel for tests: with its counters and the lines of its log. */
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { spillable } from '../../../../src/agent/channels/spillable.ts';
import { type ChannelCounters, channelCounters } from '../../../../src/agent/component/counters.ts';
import { type Clock, systemClock } from '../../../../src/core/clock.ts';
import type { Logger } from '../../../../src/core/log.ts';
import { configured } from './make.ts';

export interface Rig {
  readonly channel: Channel;
  readonly counters: ChannelCounters;
  /** `warn: message` */
  readonly lines: string[];
}

/** Makes one; it is not started. @param properties beside a dataDirs whose disk may be full, and no waiting */
export function makeSpillable(
  directory: string,
  properties: Readonly<Record<string, string | number>> = {},
  clock: Clock = systemClock,
): Rig {
  const counters = channelCounters();
  const lines: string[] = [];
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level}: ${message}`);
  const log: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  const all = { dataDirs: directory, minimumRequiredSpace: 0, overflowTimeout: 0, ...properties };
  return { channel: configured(spillable, all, { name: 'c1', log, clock, counters }), counters, lines };
}
