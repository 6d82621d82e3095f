/**
 * The configuration of an agent within a program: properties without names of components, of which a flume.conf is made.
 * Source: EmbeddedAgentConfiguration of Flume 1.11.
 */

import { StreamjobError } from '../../core/errors.ts';
import { didYouMean } from '../../core/registry.ts';
import { EMBEDDED_TYPE } from '../sources/embedded/type.ts';

/** Properties by their names. */
export type EmbeddedProperties = Readonly<Record<string, string>>;

const CHANNELS = [
  'memory',
  'file',
  'org.apache.flume.channel.MemoryChannel',
  'org.apache.flume.channel.file.FileChannel',
];
const SINKS = ['avro', 'org.apache.flume.sink.AvroSink'];
const PROCESSORS = ['default', 'failover', 'load_balance'];
const PREFIXES = ['source', 'channel', 'processor'];

/**
 * The properties of a flume.conf, with the agent's name and those of its components.
 * @throws StreamjobError CONFIG_INVALID for what an agent within a program cannot have
 * @example agentProperties('a', { 'channel.type': 'memory', sinks: 'k', 'k.type': 'avro', 'processor.type': 'default', … })
 */
export function agentProperties(name: string, given: EmbeddedProperties): Map<string, string> {
  const properties = new Map(Object.entries(given).map(([key, value]) => [key.trim(), value.trim()]));
  const sinks = (properties.get('sinks') ?? '').split(/\s+/).filter((sink) => sink !== '');
  check(name, properties, sinks);
  const [source, channel, group] = [`source-${name}`, `channel-${name}`, `sink-group-${name}`];
  const made = new Map<string, string>([
    [`${name}.sources`, source],
    [`${name}.channels`, channel],
    [`${name}.sinks`, sinks.join(' ')],
    [`${name}.sinkgroups`, group],
    [`${name}.sinkgroups.${group}.sinks`, sinks.join(' ')],
    [`${name}.sources.${source}.channels`, channel],
    [`${name}.sources.${source}.type`, EMBEDDED_TYPE],
    ...sinks.map((sink): [string, string] => [`${name}.sinks.${sink}.channel`, channel]),
  ]);
  for (const [key, value] of properties) {
    const dot = key.indexOf('.');
    const [first, rest] = [key.slice(0, dot), key.slice(dot + 1)];
    if (key === 'sinks' || key === 'source.type') continue;
    if (first === 'source') made.set(`${name}.sources.${source}.${rest}`, value);
    else if (first === 'channel') made.set(`${name}.channels.${channel}.${rest}`, value);
    else if (first === 'processor') made.set(`${name}.sinkgroups.${group}.${key}`, value);
    else made.set(`${name}.sinks.${first}.${rest}`, value);
  }
  return made;
}

function check(name: string, properties: ReadonlyMap<string, string>, sinks: readonly string[]): void {
  const wrong = (message: string): never => {
    throw new StreamjobError('CONFIG_INVALID', `embedded agent ${name}: ${message}`, {
      hint: 'source.*, channel.*, sinks, NAME.* of each sink and processor.* can be given',
    });
  };
  if (!/^[^.\s]+$/.test(name)) wrong('its name must not be empty, and have neither dots nor blanks');
  const source = properties.get('source.type') ?? 'embedded';
  if (source !== 'embedded' && source !== EMBEDDED_TYPE) wrong(`source.type is ${source}, expected embedded`);
  oneOf(properties.get('channel.type'), 'channel.type', CHANNELS, wrong);
  oneOf(properties.get('processor.type'), 'processor.type', PROCESSORS, wrong);
  if (sinks.length === 0) wrong('sinks names no sink');
  for (const sink of sinks) {
    if ([...PREFIXES, 'sinks'].includes(sink)) wrong(`a sink is called ${sink}, which names something else here`);
    oneOf(properties.get(`${sink}.type`), `${sink}.type`, SINKS, wrong);
  }
  for (const key of properties.keys()) {
    const [first = ''] = key.split('.');
    if (key === 'sinks' || (key.includes('.') && [...PREFIXES, ...sinks].includes(first))) continue;
    wrong(`there is no property ${key}; ${didYouMean(first, [...PREFIXES, ...sinks])}`.trimEnd());
  }
}

function oneOf(
  value: string | undefined,
  property: string,
  known: readonly string[],
  wrong: (message: string) => never,
): void {
  if (value === undefined || value === '') wrong(`${property} is missing, expected one of ${known.join(', ')}`);
  if (!known.some((each) => each.toLowerCase() === value?.toLowerCase()))
    wrong(`${property} is ${value}, expected one of ${known.join(', ')}`);
}
