/** Values that are no numbers, ports, words or switches are refused with their line: every property of every component. */
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

/** What is refused, of a property set to `value`, with the number of its line. */
function refusal(
  kind: keyof typeof places,
  type: string,
  property: string,
  value: string,
): { line: number; told: string } {
  const [own = '', prefix = ''] = places[kind](type);
  const others = defaults.filter((line) => !own.includes(line.slice(0, line.indexOf(' ='))));
  const lines = [...base, ...others, ...own.split('\n'), `${prefix}.${property} = ${value}`];
  const { problems } = readFlumeConf(lines.join('\n'), 'flume.conf', 'a1', {});
  const told = problems.errors
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
          const { line, told } = refusal(kind, name, property, value);
          expect(told).toContain(`flume.conf:${line}: `);
          expect(told).toContain(`${property} is "${value}", expected `);
        }
      });
    }
  }
}

describe('a value that cannot be used is refused with its line', () => {
  refused('sources', sources);
  refused('channels', channels);
  refused('sinks', sinks);
  refused('interceptors', interceptors);
  refused('processors', processors);
});
