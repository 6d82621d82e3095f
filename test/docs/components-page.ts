/** The page of all components of the agent, made of their declarations. */
import { channels } from '../../src/agent/channels/index.ts';
import type { ComponentType, LevelGiven, ListedParts, NestedParts } from '../../src/agent/component/component-type.ts';
import type { Field } from '../../src/agent/component/fields.ts';
import { configFilters } from '../../src/agent/configfilters/index.ts';
import { interceptors } from '../../src/agent/interceptors/index.ts';
import { groupSerializers } from '../../src/agent/interceptors/regex-extractor/serializer.ts';
import { processors } from '../../src/agent/processors/index.ts';
import { selectors } from '../../src/agent/selectors/index.ts';
import { serializers } from '../../src/agent/serializers/index.ts';
import { hbaseSerializers } from '../../src/agent/sinks/hbase/serializers.ts';
import { sinks } from '../../src/agent/sinks/index.ts';
import { httpHandlers } from '../../src/agent/sources/http/handlers.ts';
import { sources } from '../../src/agent/sources/index.ts';
import { deserializers } from '../../src/agent/sources/spooldir/deserializers.ts';
import type { Registry } from '../../src/core/registry.ts';

type Described = Pick<
  ComponentType<never, unknown>,
  'type' | 'aliases' | 'doc' | 'delivery' | 'differences' | 'fields' | 'nested' | 'lists' | 'gives'
>;

interface Kind {
  readonly title: string;
  /** How a type of the kind is named in a flume.conf. */
  readonly key: string;
  readonly about: string;
  readonly types: Registry<Described>;
}

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
const KINDS: readonly Kind[] = [
  {
    title: 'Sources',
    key: 'a1.sources.r1.type',
    about:
      'A source brings events into its channels. Every source has `channels` (names separated by blanks, required), `interceptors` (names, in the order in which they work) and `selector.type`.',
    types: sources,
  },
  {
    title: 'Handlers',
    key: 'a1.sources.r1.handler',
    about:
      'A handler makes events of a request of the `http` source. Its fields stand below it: `handler.maxBlobLength`.',
    types: httpHandlers,
  },
  {
    title: 'Deserializers',
    key: 'a1.sources.r1.deserializer',
    about:
      'A deserializer makes events of a file of the `spooldir` source. Its fields stand below it: `deserializer.maxLineLength`.',
    types: deserializers,
  },
  {
    title: 'Channels',
    key: 'a1.channels.c1.type',
    about: 'A channel keeps events between sources and sinks.',
    types: channels,
  },
  {
    title: 'Sinks',
    key: 'a1.sinks.k1.type',
    about: 'A sink takes events out of its channel and delivers them. Every sink has `channel` (a name, required).',
    types: sinks,
  },
  {
    title: 'Sink processors',
    key: 'a1.sinkgroups.g1.processor.type',
    about: 'A sink processor drives the sinks of a group; a sink in no group has the one of its level of reliability.',
    types: processors,
  },
  {
    title: 'Interceptors',
    key: 'a1.sources.r1.interceptors.i1.type',
    about: 'An interceptor changes or drops events between a source and its channels.',
    types: interceptors,
  },
  {
    title: 'Group serializers',
    key: 'a1.sources.r1.interceptors.i1.serializers.s1.type',
    about:
      'A group serializer makes a header of what a group of `regex_extractor` has found. The case of its type counts.',
    types: groupSerializers,
  },
  {
    title: 'Channel selectors',
    key: 'a1.sources.r1.selector.type',
    about: 'A selector chooses the channels that an event of a source goes to. The default is `replicating`.',
    types: selectors,
  },
  {
    title: 'Serializers',
    key: 'a1.sinks.k1.sink.serializer',
    about:
      'A serializer makes the bytes of an event in a file. Its fields stand below it: `sink.serializer.appendNewline`.',
    types: serializers,
  },
  {
    title: 'HBase serializers',
    key: 'a1.sinks.k1.serializer',
    about:
      'An HBase serializer says which rows of a table an event becomes, and what it adds to counters. Its fields stand below it: `serializer.rowPrefix`.',
    types: hbaseSerializers,
  },
  {
    title: 'Config filters',
    key: 'a1.configfilters.f1.type',
    about:
      "A config filter has values that are not to stand in the file: `a1.configfilters = f1`, then `${f1['key']}` in values of sources, channels, sinks and sink groups. What it does not have stays as it is, with a warning. Flume's `hadoop` is refused.",
    types: configFilters,
  },
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables

const HEAD = `# Components of the embedded agent

<!-- Made by npm run docs:components from the declarations in src/agent: change those, not this page. -->

Every type that a flume.conf can name, with its fields. Types are compared without case, and Flume's class names are known too.
A field that is not here is ignored with a warning that names its line, as Flume ignores it; a value that cannot be used is an error,
except where Flume takes another one for it: a text that is neither true nor false is false, and some numbers are the default then, both with a warning.
Bold fields are required.
`;

/** The whole page. */
export function componentsPage(): string {
  const contents = KINDS.map(
    ({ title, types }) => `- ${title}: ${types.names.map((name) => `\`${name}\``).join(', ')}`,
  );
  return `${[HEAD, contents.join('\n'), '', ...KINDS.map(kindSection)].join('\n').trimEnd()}\n`;
}

function kindSection({ title, key, about, types }: Kind): string {
  const sections = types.names.map((name) => typeSection(types.get(name), key, types.kind));
  return [`## ${title}`, '', about, '', ...sections].join('\n');
}

function typeSection(type: Described, key: string, kind: string): string {
  const lines = [`### \`${type.type}\` ${kind}`, '', sentence(type.doc), ''];
  const named = [`\`${key} = ${type.type}\``, ...(type.aliases ?? []).map((alias) => `\`${alias}\``)];
  lines.push(`- Type: ${named.join(' or ')}`);
  if (type.delivery !== undefined) lines.push(`- Delivery: ${type.delivery}`);
  if (type.gives !== undefined) lines.push(`- Level: ${levels(type.gives)}`);
  lines.push(...type.differences.map((difference) => `- Other than Flume 1.11: ${difference}`), '');
  const rows = [...Object.entries(type.fields).map(fieldRow), ...nestedRows(type.nested), ...listedRows(type.lists)];
  if (rows.length > 0) lines.push('| field | kind | default | what it does |', '| --- | --- | --- | --- |', ...rows);
  else lines.push('It has no fields.');
  return [...lines, ''].join('\n');
}

function levels({ durable, memory, madeFor }: LevelGiven): string {
  const made = madeFor === undefined ? '' : `; made for \`${madeFor}\``;
  return `\`${durable}\` on a channel on disk, \`${memory}\` on one in memory${made}`;
}

function fieldRow([name, field]: [string, Field<unknown>]): string {
  const shown = field.required ? `**\`${name}\`**` : `\`${name}\``;
  const others = field.aliases === undefined ? '' : ` (or ${field.aliases.map((alias) => `\`${alias}\``).join(', ')})`;
  const unit = field.unit === undefined ? '' : `, ${field.unit}`;
  const lenient = field.lenient === 'default' ? '; otherwise the default' : '';
  return row([`${shown}${others}`, `${field.kind}${unit}${lenient}`, defaultOf(field), field.doc]);
}

function nestedRows(nested: NestedParts): string[] {
  return Object.values(nested).flatMap(({ prefix, doc, types, fallback }) => [
    row([`\`${prefix}\``, `one of ${types.names.join(', ')}`, `\`${fallback}\``, doc]),
    row([`\`${prefix}.*\``, `the fields of the ${types.kind}`, '', `see ${types.kind}s`]),
  ]);
}

function listedRows(lists: ListedParts): string[] {
  return Object.values(lists).flatMap(({ prefix, doc, types, fallback, required }) => [
    row([required ? `**\`${prefix}\`**` : `\`${prefix}\``, 'names separated by blanks', '', doc]),
    row([
      `\`${prefix}.NAME.type\``,
      `one of ${types.names.join(', ')}`,
      `\`${fallback}\``,
      `the type of ${types.kind} NAME`,
    ]),
    row([`\`${prefix}.NAME.*\``, `the fields of the ${types.kind}`, '', `see ${types.kind}s`]),
  ]);
}

function defaultOf({ fallback, shown }: Field<unknown>): string {
  const text = shown ?? fallback;
  if (text === undefined) return '';
  return text === '' ? 'empty' : `\`${text}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
