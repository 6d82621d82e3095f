/** The level of reliability: what the file says, what the caller asks for, and whether channels and processors can keep it. */
import { nearest } from '../../core/registry.ts';
import { isWeaker, RELIABILITY_LEVELS, type Reliability, reliabilityOf } from '../../core/reliability.ts';
import type { Problems } from '../component/problems.ts';
import type { Setting, Settings } from '../component/settings.ts';
import type { ChannelConf, SinkConf, SinkGroupConf } from './agent-conf.ts';

/** A level with where it was asked for. */
export interface Level {
  readonly level: Reliability;
  /** The line of the file, or undefined when the caller asked. */
  readonly line: number | undefined;
  /** For messages: `a1.reliability is end-to-end`. */
  readonly told: string;
}

/**
 * The level that counts: the file's, unless it is weaker than the one that the caller asks for.
 * @returns undefined when neither says one: then whatever is configured is used as it is
 */
export function readLevel(problems: Problems, settings: Settings, asked: Reliability | undefined): Level | undefined {
  const setting = settings.get('reliability');
  if (setting === undefined) {
    return asked === undefined
      ? undefined
      : { level: asked, line: undefined, told: `reliability ${asked} is asked for` };
  }
  const level = reliabilityOf(setting.value);
  if (level === undefined) {
    const near = nearest(setting.value, RELIABILITY_LEVELS);
    problems.error(
      setting.line,
      `${setting.key} is ${JSON.stringify(setting.value)}, expected one of ${RELIABILITY_LEVELS.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
    return undefined;
  }
  if (asked !== undefined && asked !== level) compare(problems, setting, level, asked);
  return { level, line: setting.line, told: `${setting.key} is ${level}` };
}

function compare(problems: Problems, { key, line }: Setting, level: Reliability, asked: Reliability): void {
  if (isWeaker(level, asked)) {
    problems.error(
      line,
      `${key} is ${level}, expected ${asked}, which is asked for and loses less: leave the line out, or ask for ${level}`,
    );
  } else problems.warn(line, `${key} is ${level} and counts; ${asked} is asked for, which would lose more`);
}

/** What the level is checked against. */
export interface LevelParts {
  readonly agent: string;
  readonly settings: Settings;
  readonly channels: readonly ChannelConf[];
  readonly sinks: readonly SinkConf[];
  /** The groups of the file, not those that the level makes. */
  readonly groups: readonly SinkGroupConf[];
}

/** Refuses channels and sink groups that are weaker than the level. */
export function checkLevel(problems: Problems, wanted: Level, { agent, settings, ...parts }: LevelParts): void {
  const { level, told } = wanted;
  const durable = new Map(parts.channels.map(({ name, channel }) => [name, channel.limits.durable === true]));
  if (level === 'end-to-end') {
    for (const { name, channel } of parts.channels) {
      if (durable.get(name) === true) continue;
      problems.error(
        wanted.line ?? settings.get(`channels.${name}.type`)?.line,
        `${told}, expected a file channel: channel ${name} of type ${channel.type} loses its events with the process; write ${agent}.channels.${name}.type = file`,
      );
    }
  }
  for (const { name, sinks, processor, line } of parts.groups) {
    const { gives } = processor;
    if (gives === undefined) continue;
    if (isWeaker(gives.durable, level)) {
      problems.error(
        line,
        `${told}, expected a processor that drops nothing: sink group ${name} has ${processor.type}`,
      );
      continue;
    }
    const memory = parts.sinks.some((sink) => sinks.includes(sink.name) && durable.get(sink.channel) === false);
    // At end-to-end a channel in memory was told of above, whatever the processor.
    if (level === 'store-on-failure' && memory && isWeaker(gives.memory, level)) {
      problems.error(
        line,
        `${told}, expected the processor store_on_failure or a file channel: sink group ${name} has ${processor.type} on a channel in memory; write ${agent}.sinkgroups.${name}.processor.type = store_on_failure, or leave the group out`,
      );
    }
  }
}
