/**
 * Values that are no numbers, ports, words or switches are refused with their line, or warned of where Flume takes another value for
 * them: every property of every component.
 */
import { describe, expect, it } from 'vitest';
import { channels } from '../../../../src/agent/channels/index.ts';
import type { Fields } from '../../../../src/agent/component/fields.ts';
import { JavaPattern } from '../../../../src/agent/component/pattern/pattern.ts';
import { readFlumeConf } from '../../../../src/agent/conf/flume-conf.ts';
import { interceptors } from '../../../../src/agent/interceptors/index.ts';
import { processors } from '../../../../src/agent/processors/index.ts';
import { sinks } from '../../../../src/agent/sinks/index.ts';
import { sources } from '../../../../src/agent/sources/index.ts';

interface Typed {
  readonly type: string;
  readonly fields: Fields;
}

/** The lines of a component of a type, and the prefix of its properties. */
const places = {
  sources: (type: string) => [`a1.sources.r1.type = ${type}`, 'a1.sources.r1'],
  channels: (type: string) => [`a1.channels.c1.type = ${type}`, 'a1.channels.c1'],
  sinks: (type: string) => [`a1.sinks.k1.type = ${type}`, 'a1.sinks.k1'],
  interceptors: (type: string) => [
    `a1.sources.r1.interceptors = i1\na1.sources.r1.interceptors.i1.type = ${type}`,
    'a1.sources.r1.interceptors.i1',
  ],
  processors: (type: string) => [
    `a1.sinkgroups = g1\na1.sinkgroups.g1.sinks = k1\na1.sinkgroups.g1.processor.type = ${type}`,
    'a1.sinkgroups.g1.processor',
  ],
} satisfies Record<string, (type: string) => [string, string] | string[]>;

const base = [
  'a1.sources = r1',
  'a1.channels = c1',
  'a1.sinks = k1',
  'a1.sources.r1.channels = c1',
  'a1.sinks.k1.channel = c1',
];
const defaults = ['a1.sources.r1.type = seq', 'a1.channels.c1.type = memory', 'a1.sinks.k1.type = null'];

/** What is told of a property set to `value`, with the number of its line; `lenient`: among the warnings, not the errors. */
function tellsOf(
  kind: keyof typeof places,
  type: string,
  property: string,
  value: string,
  lenient: boolean,
): { line: number; told: string } {
  const [own = '', prefix = ''] = places[kind](type);
  const others = defaults.filter((line) => !own.includes(line.slice(0, line.indexOf(' ='))));
  const lines = [...base, ...others, ...own.split('\n'), `${prefix}.${property} = ${value}`];
  const { problems } = readFlumeConf(lines.join('\n'), 'flume.conf', 'a1', {});
  const told = (lenient ? problems.warnings : problems.errors)
    .map((error) => problems.format(error))
    .filter((line) => line.includes(`${property} is `));
  return { line: lines.length, told: told.join('\n') };
}

/** A field that takes any text takes this one too. */
const NONSENSE = '[)no-such-thing';

function refused(
  kind: keyof typeof places,
  { names, find }: { names: readonly string[]; find(name: string): Typed | undefined },
): void {
  for (const name of names) {
    for (const [property, field] of Object.entries(find(name)?.fields ?? {})) {
      // Every entry of a map is read as its items are.
      const entry = field.item ?? field;
      const kindOfField = entry.parse(NONSENSE);
      if (typeof kindOfField === 'string' || Array.isArray(kindOfField)) continue;
      it(`${kind} ${name}: ${property}`, () => {
        const negative = /at least -/.test(entry.kind) ? [] : ['-7'];
        for (const value of [NONSENSE, ...negative, '1.5', '1e3', '5s']) {
          const read = entry.parse(value);
          if (typeof read === 'string' || read instanceof RegExp || read instanceof JavaPattern) continue;
          const { line, told } = tellsOf(kind, name, property, value, entry.lenient !== undefined);
          expect(told).toContain(`flume.conf:${line}: `);
          expect(told).toContain(`${property} is "${value}", expected `);
          if (entry.lenient !== undefined) expect(told).toMatch(/: it is taken for .+, as in Flume$/m);
        }
      });
    }
  }
}

describe('a value that cannot be used is refused, or taken for another one, with its line', () => {
  refused('sources', sources);
  refused('channels', channels);
  refused('sinks', sinks);
  refused('interceptors', interceptors);
  refused('processors', processors);
});

describe('what Flume takes for values that it cannot use', () => {
  const read = (...lines: string[]) => {
    const { conf, problems } = readFlumeConf([...base, ...lines].join('\n'), 'f', 'a1', {});
    return { conf, told: problems.all.map((problem) => `${problem.severity} ${problems.format(problem)}`) };
  };

  it('is a batch-size of 100 for 0 and for what is no number, of an avro sink', () => {
    for (const value of ['0', '-1', 'many']) {
      const { conf, told } = read(
        'a1.sources.r1.type = seq',
        'a1.channels.c1.type = memory',
        'a1.sinks.k1.type = avro',
        'a1.sinks.k1.hostname = h',
        'a1.sinks.k1.port = 1',
        `a1.sinks.k1.batch-size = ${value}`,
      );
      expect(conf?.sinks[0]?.sink.resolved.values).toMatchObject({ 'batch-size': 100 });
      expect(told).toEqual([
        `warning f:11: a1.sinks.k1.batch-size is "${value}", expected a whole number of at least 1: it is taken for 100, as in Flume`,
      ]);
    }
  });

  it('is the default of a memory channel, also where that depends on the machine', () => {
    const { conf, told } = read(
      'a1.sources.r1.type = seq',
      'a1.sinks.k1.type = null',
      'a1.channels.c1.type = memory',
      'a1.channels.c1.capacity = -5',
      'a1.channels.c1.transactionCapacity = x',
      'a1.channels.c1.byteCapacity = 10k',
    );
    expect(conf?.channels[0]?.channel.resolved.values).toMatchObject({
      capacity: 100,
      transactionCapacity: 100,
      byteCapacity: null,
    });
    expect(told.map((line) => line.split('taken for ')[1])).toEqual([
      '100, as in Flume',
      '100, as in Flume',
      'the default, as in Flume',
    ]);
  });

  it('is false for every switch that is not true, whatever its default', () => {
    const { conf, told } = read(
      'a1.channels.c1.type = memory',
      'a1.sinks.k1.type = null',
      'a1.sources.r1.type = netcat',
      'a1.sources.r1.bind = h',
      'a1.sources.r1.port = 1',
      'a1.sources.r1.ack-every-event = yes',
    );
    expect(conf?.sources[0]?.source.resolved.values).toMatchObject({ 'ack-every-event': false });
    expect(told).toEqual([
      'warning f:11: a1.sources.r1.ack-every-event is "yes", expected true or false: it is taken for false, as in Flume',
    ]);
  });
});
