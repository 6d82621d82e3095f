/** What a declaration gives: maps, components within components, values that can be compared, lines of what is wrong. */
import { describe, expect, it } from 'vitest';
import { defineComponent } from '../../../../src/agent/component/component.ts';
import type { ComponentType, Configured } from '../../../../src/agent/component/component-type.ts';
import { bool, charset, int, javaPattern, map, names, regex, text } from '../../../../src/agent/component/fields.ts';
import { nested } from '../../../../src/agent/component/nested.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import { changedProperties } from '../../../../src/agent/component/resolved.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { serializers } from '../../../../src/agent/serializers/index.ts';

interface Read {
  readonly part: Configured<unknown, unknown> | undefined;
  readonly told: readonly string[];
}

/** Reads `NAME = VALUE` lines, the first of which is line 1. */
function read(type: ComponentType<unknown, unknown>, lines: readonly string[]): Read {
  const problems = new Problems('conf');
  const settings = new Map(
    lines.map((line, i): [string, Setting] => {
      const [key = '', value = ''] = line.split(' = ');
      return [key, { key: `a1.sinks.k1.${key}`, value, line: i + 1 }];
    }),
  );
  const part = type.configure(settings, { owner: 'sink k1', line: 99, problems });
  return { part, told: problems.all.map((problem) => problems.format(problem)) };
}

const mapped = defineComponent({
  type: 'mapped',
  doc: 'for tests',
  fields: {
    header: text({ doc: 'a header', default: 'state' }),
    'mapping.*': map(names({ doc: 'channels' }), { doc: 'channels by value' }),
    'limit.*': map(int({ doc: 'a limit', max: 10 }), { doc: 'limits by value' }),
  },
  create: (values): unknown => values,
});

const within = defineComponent({
  type: 'within',
  doc: 'for tests',
  fields: { 'sink.size': int({ doc: 'a size', default: 1 }) },
  nested: { serializer: nested({ prefix: 'sink.serializer', types: serializers, fallback: 'text', doc: 'bytes' }) },
  create: (_values, _context: unknown, parts): unknown =>
    Buffer.concat([
      ...parts.nested.serializer
        .create({ owner: 'sink k1' })()
        .batch([{ headers: { a: '1' }, body: Buffer.from('x') }]),
    ]),
});

const made = ({ part }: Read): unknown => part?.create(undefined);

describe('a map', () => {
  it('has an entry for each property with its prefix, read as its items are', () => {
    const values = made(read(mapped, ['mapping.CZ = c1 c2', 'mapping.a.b = c3', 'header = h']));
    expect(values).toEqual({
      header: 'h',
      'mapping.*': new Map([
        ['CZ', ['c1', 'c2']],
        ['a.b', ['c3']],
      ]),
      'limit.*': new Map(),
    });
  });

  it('tells an entry that cannot be used by its own line', () => {
    expect(read(mapped, ['limit.a = 1', 'limit.b = many']).told).toEqual([
      'conf:2: a1.sinks.k1.limit.b is "many", expected a whole number from 0 to 10',
    ]);
  });
});

describe('a component within a component', () => {
  it('is of a type of its own, and of the one it falls back to when none is named', () => {
    expect(String(made(read(within, [])))).toBe('x\n');
    expect(String(made(read(within, ['sink.serializer = header_and_text'])))).toBe('{a=1} x\n');
    expect(String(made(read(within, ['sink.serializer.appendNewline = false'])))).toBe('x');
  });

  it('is told by its own line: a type that there is not, a value, and a property that its type does not have', () => {
    expect(read(within, ['sink.size = 2', 'sink.serializer = txt']).told).toEqual([
      expect.stringMatching(/^conf:2: sink.serializer of sink k1: unknown type txt, .*did you mean text\?$/),
    ]);
    expect(read(within, ['sink.serializer = text', 'sink.serializer.appendNewline = perhaps']).told).toEqual([
      'conf:2: a1.sinks.k1.sink.serializer.appendNewline is "perhaps", expected true or false: it is taken for false, as in Flume',
    ]);
    expect(
      read(within, ['sink.serializer = text', 'sink.size = 1', 'sink.serializer.appendNewlin = true']).told,
    ).toEqual([
      'conf:3: sink.serializer of sink k1 has no property appendNewlin, it is ignored; did you mean appendNewline?',
    ]);
    expect(read(within, ['sink.serialzer.appendNewline = true']).told).toEqual([
      expect.stringMatching(/^conf:1: .*; did you mean sink.serializer.appendNewline\?$/),
    ]);
    expect(read(within, ['sink.serialiser = text']).told).toEqual([
      'conf:1: sink k1 has no property sink.serialiser, it is ignored; did you mean sink.serializer?',
    ]);
  });
});

describe('the values of a component', () => {
  const kinds = defineComponent({
    type: 'kinds',
    doc: 'for tests',
    fields: {
      on: bool({ doc: 'a switch', default: true }),
      size: int({ doc: 'a size', default: 5, aliases: ['length'] }),
      pattern: regex({ doc: 'a pattern' }),
      java: javaPattern({ doc: "a pattern of Java's", default: 'a' }),
      set: charset({ doc: 'a set', default: 'UTF-8' }),
      list: names({ doc: 'a list', default: '' }),
      'by.*': map(text({ doc: 'a text' }), { doc: 'texts' }),
    },
    create: (): unknown => undefined,
  });
  const changed = (type: ComponentType<unknown, unknown>, before: string[], after: string[]): string[] => {
    const [one, other] = [read(type, before).part, read(type, after).part];
    return changedProperties(one?.resolved ?? expect.fail(), other?.resolved ?? expect.fail());
  };

  it('compare as equal when the file says the same in another way', () => {
    expect(changed(kinds, [], ['on = TRUE', 'length = +5', 'set = utf-8', 'list = '])).toEqual([]);
    expect(changed(kinds, ['by.a = 1', 'by.b = 2', 'list = x  y'], ['by.b = 2', 'by.a = 1', 'list = x y'])).toEqual([]);
    expect(changed(within, [], ['sink.serializer = TEXT', 'sink.serializer.appendNewline = true'])).toEqual([]);
  });

  it('compare patterns with their case, and character sets by the set that a name means', () => {
    expect(changed(kinds, ['java = error'], ['java = ERROR'])).toEqual(['java']);
    expect(changed(kinds, ['set = latin1'], ['set = ISO-8859-1'])).toEqual([]);
  });

  it('name what differs, within nested components too', () => {
    expect(changed(kinds, [], ['on = false', 'pattern = a', 'by.a = 1', 'set = UTF-16'])).toEqual([
      'on',
      'pattern',
      'set',
      'by.*',
    ]);
    expect(changed(within, [], ['sink.serializer.appendNewline = false'])).toEqual(['sink.serializer.appendNewline']);
    expect(changed(within, [], ['sink.serializer = header_and_text'])).toEqual(['sink.serializer.type']);
    expect(read(kinds, []).part?.resolved).toEqual(JSON.parse(JSON.stringify(read(kinds, []).part?.resolved)));
  });
});
