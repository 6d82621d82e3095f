/** Checks of a flume.conf that concern several components at once. */
import { nearest } from '../../core/registry.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import type { Configured } from '../component/component-type.ts';
import type { Problems } from '../component/problems.ts';
import type { Settings } from '../component/settings.ts';
import type { AgentConf } from './agent-conf.ts';

/** Flume refuses it at start too: such a batch can never be put or taken. */
export function checkBatch(
  problems: Problems,
  owner: string,
  part: Pick<Configured<never, unknown>, 'limits' | 'lineOf'>,
  channel: string,
  conf: Configured<ChannelContext, Channel> | undefined,
): void {
  const { batch } = part.limits;
  const capacity = conf?.limits.transactionCapacity;
  if (batch === undefined || capacity === undefined || batch.events <= capacity) return;
  problems.error(
    part.lineOf(batch.property),
    `${owner} has batches of ${batch.events} events, expected at most ${capacity}, the transactionCapacity of channel ${channel}: lower ${batch.property}, or raise that`,
    `leaves ${owner} out and starts the rest`,
  );
}

/** A channel that nobody drains fills up and stops its sources; one that nobody fills is of no use. */
export function checkUse(
  problems: Problems,
  settings: Settings,
  { channels, sources, sinks }: Pick<AgentConf, 'channels' | 'sources' | 'sinks'>,
): void {
  for (const { name } of channels) {
    const line = settings.get(`channels.${name}.type`)?.line;
    if (!sinks.some((sink) => sink.channel === name))
      problems.warn(line, `channel ${name} has no sink: it fills up and then stops its sources`);
    if (!sources.some((source) => source.channels.includes(name))) problems.warn(line, `channel ${name} has no source`);
  }
}

/** Settings of a component that is not in the list of its kind count for nothing. @param settings by `NAME.PROPERTY` */
export function warnOfUnlisted(problems: Problems, settings: Settings, names: readonly string[], list: string): void {
  for (const [key, { line, key: whole }] of settings) {
    const name = key.split('.')[0] ?? '';
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    problems.warn(
      line,
      `${whole} is ignored: ${name} is not one of ${list}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
}
