/** Sink groups: `<agent>.sinkgroups = g1`, `.sinkgroups.g1.sinks = k1`, `.sinkgroups.g1.processor.type = store_on_failure`. */
import { nearest } from '../../core/registry.ts';
import { isWeaker, RELIABILITY_LEVELS, type Reliability } from '../../core/reliability.ts';
import type { Configured } from '../component/component-type.ts';
import type { Problems } from '../component/problems.ts';
import type { Setting, Settings } from '../component/settings.ts';
import { below, lineOf } from '../component/settings.ts';
import { readTyped } from '../component/typed.ts';
import { processors } from '../processors/index.ts';
import type { ProcessorContext, ProcessorType, SinkProcessor } from '../processors/processor.ts';
import type { ChannelConf, SinkConf, SinkGroupConf } from './agent-conf.ts';

const DEFAULT_PROCESSOR = 'default';
const WEAKEST = RELIABILITY_LEVELS.at(-1);

/** What the groups are read from. */
export interface GroupsIn {
  readonly agent: string;
  readonly settings: Settings;
  readonly problems: Problems;
  /** The names of `<agent>.sinks`. */
  readonly sinks: readonly string[];
}

/** The groups that the file has; what is wrong goes to `problems`. */
export function readSinkGroups(given: GroupsIn): SinkGroupConf[] {
  const { agent, settings, problems } = given;
  const listed = settings.get('sinkgroups');
  const names = [...new Set(words(listed?.value))];
  for (const [key, { line, key: whole }] of settings) {
    const [kind, name] = key.split('.');
    if (kind !== 'sinkgroups' || name === undefined || names.includes(name)) continue;
    const near = nearest(name, names);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    problems.warn(line, `${whole} is ignored: ${name} is not in ${agent}.sinkgroups${meant}`);
  }
  const taken = new Map<string, string>();
  return names.flatMap((name) => readGroup(given, name, listed?.line, taken));
}

function readGroup(
  { agent, settings, problems, sinks }: GroupsIn,
  name: string,
  listedAt: number | undefined,
  taken: Map<string, string>,
): SinkGroupConf[] {
  const own = below(settings, `sinkgroups.${name}.`);
  const members = own.get('sinks');
  const line = members?.line ?? lineOf(own) ?? listedAt;
  const wanted = [...new Set(words(members?.value))];
  if (wanted.length === 0)
    problems.error(
      line,
      `sink group ${name} has no sinks: expected ${agent}.sinkgroups.${name}.sinks = NAME …`,
      `leaves sink group ${name} out`,
    );
  for (const sink of wanted) {
    const other = taken.get(sink);
    if (!sinks.includes(sink)) {
      const near = nearest(sink, sinks);
      const meant = near === undefined ? '' : `; did you mean ${near}?`;
      problems.error(
        line,
        `sink group ${name}: there is no sink ${sink}, known sinks: ${sinks.join(', ')}${meant}`,
        'leaves it out of the group',
      );
    } else if (other !== undefined) {
      problems.error(
        line,
        `sink group ${name}: sink ${sink} is in group ${other} already, expected one group`,
        `leaves it out of ${name}`,
      );
    }
    taken.set(sink, name);
  }
  for (const [key, { line: at, key: whole }] of own) {
    if (key !== 'sinks' && !key.startsWith('processor.'))
      problems.warn(at, `${whole} is ignored: a sink group has sinks and processor.… only`);
  }
  const processor = readProcessor(problems, `processor of sink group ${name}`, below(own, 'processor.'));
  if (processor === undefined) return [];
  const { sinks: most } = processor.limits;
  if (most !== undefined && wanted.length > most) {
    const expected = most === 1 ? 'one sink' : `at most ${most} sinks`;
    problems.error(
      line,
      `sink group ${name} has ${wanted.length} sinks, expected ${expected}, which ${processor.type} drives`,
    );
  }
  return [{ name, sinks: wanted, processor, line: own.get('processor.type')?.line ?? line }];
}

/** A group for each sink that is in none, with the processor of the level. */
export function ownGroups(
  { agent, settings, problems }: GroupsIn,
  sinks: readonly SinkConf[],
  groups: readonly SinkGroupConf[],
  channels: readonly ChannelConf[],
  level: Reliability | undefined,
): SinkGroupConf[] {
  const alone = sinks.filter(({ name }) => !groups.some((group) => group.sinks.includes(name)));
  const kept = below(settings, 'reliability.');
  return alone.flatMap((sink) => {
    const durable = channels.find(({ name }) => name === sink.channel)?.channel.limits.durable === true;
    const { type, fields } = processorOf(level, durable);
    // `reliability.directory` and so on are for the processor of the level, if it has any.
    const own = Object.keys(fields).includes('directory')
      ? withOwnDirectory(kept, sink.name)
      : new Map<string, Setting>();
    own.set('type', { key: `${agent}.reliability`, value: type, line: 0 });
    const processor = readProcessor(problems, `processor of sink ${sink.name}`, own);
    return processor === undefined ? [] : [{ name: sink.name, sinks: [sink.name], processor, line: undefined }];
  });
}

/**
 * The processor that was made for the level. One that is made for more than best-effort is left out where the default gives the level
 * by itself: a channel that is on disk already has what a spill would give.
 */
function processorOf(level: Reliability | undefined, durable: boolean): ProcessorType {
  const simple = processors.get(DEFAULT_PROCESSOR);
  const made = processors.names.map((type) => processors.get(type)).find(({ gives }) => gives?.madeFor === level);
  if (level === undefined || made === undefined) return simple;
  const given = durable ? simple.gives?.durable : simple.gives?.memory;
  const enough = given !== undefined && !isWeaker(given, level);
  return enough && level !== WEAKEST ? simple : made;
}

/** Each sink's spill is a directory of its own below the one that is given. */
function withOwnDirectory(settings: Settings, sink: string): Map<string, Setting> {
  const own = new Map(settings);
  const directory = own.get('directory');
  if (directory !== undefined && directory.value !== '')
    own.set('directory', { ...directory, value: `${directory.value}/${sink}` });
  return own;
}

function readProcessor(
  problems: Problems,
  owner: string,
  settings: Settings,
): Configured<ProcessorContext, SinkProcessor> | undefined {
  const own = new Map(settings);
  if (!own.has('type')) own.set('type', { key: 'processor.type', value: DEFAULT_PROCESSOR, line: 0 });
  return readTyped(problems, {
    owner,
    settings: own,
    common: [/^type$/],
    types: processors,
    flume: { unknown: 'ends at its start, with exit code 0', none: 'drives one sink of the group only' },
    listedAt: undefined,
  });
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
