/** Checks of a flume.conf that concern several components at once. */
import type { Channel, ChannelContext } from '../channels/channel.ts';
import type { AgentConf } from './agent-conf.ts';
import type { Configured, Settings } from './component.ts';
import type { Problems } from './problems.ts';

/** Flume refuses it at start too: such a batch can never be put or taken. */
export function checkBatch(
  problems: Problems,
  owner: string,
  part: { readonly limits: { readonly batchSize?: number } },
  channel: string,
  conf: Configured<ChannelContext, Channel> | undefined,
  own: Settings,
): void {
  const batch = part.limits.batchSize;
  const capacity = conf?.limits.transactionCapacity;
  if (batch === undefined || capacity === undefined || batch <= capacity) return;
  const line = (own.get('batchSize') ?? own.get('batch-size'))?.line ?? lineOf(own);
  problems.error(
    line,
    `${owner} has batches of ${batch} events, expected at most ${capacity}, the transactionCapacity of channel ${channel}`,
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

/** The settings below a prefix, by their names without it. */
export function below(settings: Settings, prefix: string): Settings {
  return new Map(
    [...settings]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, setting]) => [key.slice(prefix.length), setting]),
  );
}

/** The line of the first of them. */
export function lineOf(settings: Settings): number | undefined {
  for (const { line } of settings.values()) return line;
  return undefined;
}
