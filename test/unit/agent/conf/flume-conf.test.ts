/** What reading a flume.conf promises. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how flume.conf writes variables
import { describe, expect, it } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { defineComponent } from '../../../../src/agent/component/component.ts';
import type { ComponentType } from '../../../../src/agent/component/component-type.ts';
import { int, text } from '../../../../src/agent/component/fields.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { checkBatch } from '../../../../src/agent/conf/cross-checks.ts';
import { readFlumeConf } from '../../../../src/agent/conf/flume-conf.ts';
import { parseProperties } from '../../../../src/agent/conf/properties.ts';

const values = (text: string): Record<string, string> =>
  Object.fromEntries([...parseProperties(text).entries.values()].map(({ key, value }) => [key, value]));

const GOOD = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.sources.r1.bind = 0.0.0.0
a1.sources.r1.port = 44444
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = logger
a1.sinks.k1.channel = c1
`;

const problemsOf = (text: string, env: Record<string, string> = {}): string[] => {
  const { problems } = readFlumeConf(text, 'flume.conf', 'a1', env);
  return problems.all.map((problem) => `${problem.severity} ${problems.format(problem)}`);
};

const at = (key: string, line: number, value = ''): [string, Setting] => [key, { key, value, line }];

const define = (field: {
  readonly property: string;
  readonly aliases?: readonly string[];
  readonly default: number;
}): ComponentType<unknown, unknown> =>
  defineComponent({
    type: 'test',
    doc: 'for tests',
    fields: {
      [field.property]: int({ doc: 'events per transaction', ...field }),
      'sink.directory': text({ doc: 'a directory' }),
      type: text({ doc: 'its type' }),
    },
    limits: (values) => ({ batch: { property: field.property, events: Number(values[field.property]) } }),
    create: () => undefined,
  });

/** A channel with transactions of 100 events. */
const channel = memory.configure(new Map(), { owner: 'channel c1', line: 1, problems: new Problems('flume.conf') });

describe('properties', () => {
  it('have the separators, comments, escapes and continued lines of java.util.Properties', () => {
    expect(
      values(
        '# c\n! c\na=1\nb : 2\nc 3\n  d\t=\t4\nlong = x \\\n   y\ne\\ f = g\\th\\\\i\\u00e9\\q\nempty\nz=a=b:c\nk=1\nk=2\n#no \\\nm=5',
      ),
    ).toEqual({
      a: '1',
      b: '2',
      c: '3',
      d: '4',
      long: 'x y',
      'e f': 'g\th\\iéq',
      empty: '',
      z: 'a=b:c',
      k: '2',
      m: '5',
    });
  });

  it('are UTF-8, with or without a byte order mark, and with any line ends', () => {
    expect(values('\uFEFFa = é\r\nb = ü\rc = 日')).toEqual({ a: 'é', b: 'ü', c: '日' });
  });

  it('know the line of each entry, and what is wrong with an escape', () => {
    const { entries, errors, duplicates } = parseProperties('\n#x\na = 1 \\\n 2\nb = \\u12\na = 3');
    expect(entries.get('b')?.line).toBe(5);
    expect(errors).toEqual([{ line: 5, message: expect.stringContaining('four hexadecimal digits') }]);
    expect(duplicates).toEqual([{ key: 'a', line: 3, by: 6 }]);
  });
});

describe('flume.conf', () => {
  it('is read when it is right, without a word', () => {
    expect(problemsOf(GOOD)).toEqual([]);
  });

  it('reports every error with its line, what was expected and the nearest name', () => {
    const text = GOOD.replace('netcat', 'netcatt')
      .replace('= 44444', '= many')
      .replace('logger', 'avro')
      .replace('sources.r1.channels = c1', 'sources.r1.channels = c2');
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^error flume.conf:4: source r1: unknown type netcatt.*did you mean netcat\?/),
      expect.stringMatching(
        /^error flume.conf:7: source r1: there is no channel c2, known channels: c1; did you mean c1\?/,
      ),
      expect.stringMatching(/^error flume.conf:9: sink k1: the property hostname is missing/),
      expect.stringMatching(/^error flume.conf:9: sink k1: the property port is missing/),
    ]);
    expect(problemsOf(GOOD.replace('= 44444', '= many'))).toContainEqual(
      expect.stringMatching(
        /^error flume.conf:6: a1.sources.r1.port is "many", expected a whole number from 0 to 65535/,
      ),
    );
  });

  it.each(['asynchbase', 'AsyncHBase', 'org.apache.flume.sink.hbase.AsyncHBaseSink'])(
    'refuses the sink %s, and says what to take instead',
    (type) => {
      expect(problemsOf(GOOD.replace('logger', type))).toEqual([
        expect.stringMatching(/^error flume.conf:9: sink k1: type .* is refused \(.*use hbase2 with rest = URL/),
      ]);
    },
  );

  it('warns of properties that Flume would ignore, so that files written for Flume load', () => {
    expect(problemsOf(`${GOOD}a1.channels.c1.capacty = 7\n`)).toEqual([
      expect.stringMatching(
        /^warning flume.conf:11: channel c1 has no property capacty, it is ignored; did you mean capacity\?/,
      ),
    ]);
  });

  it("knows Flume's class names, and types in any case", () => {
    expect(
      problemsOf(GOOD.replace('netcat', 'org.apache.flume.source.NetcatSource').replace('memory', 'MEMORY')),
    ).toEqual([]);
  });

  it('refuses batches that no transaction of the channel can hold', () => {
    expect(problemsOf(GOOD.replace('type = logger', 'type = null').concat('a1.sinks.k1.batchSize = 101\n'))).toEqual([
      expect.stringMatching(/^error flume.conf:11: sink k1 has batches of 101 events, expected at most 100/),
    ]);
  });

  it('names the line of the property that says the size of a batch, whatever it is called', () => {
    const big = define({ property: 'sink.batchSize', default: 101 });
    const own = new Map([at('sink.directory', 4), at('type', 5), at('sink.batchSize', 6, '101')]);
    const lines = [own, new Map([...own].filter(([key]) => key !== 'sink.batchSize'))].map((settings) => {
      const problems = new Problems('flume.conf');
      const sink = big.configure(settings, { owner: 'sink k1', line: 5, problems });
      checkBatch(problems, 'sink k1', sink ?? expect.fail(), 'c1', channel);
      return problems.errors.map(({ line, message }) => [line, message.includes('lower sink.batchSize')]);
    });
    expect(lines).toEqual([[[6, true]], [[5, true]]]);
  });

  it('names the line of a size of batches that is given by another name of its property', () => {
    const problems = new Problems('flume.conf');
    const aliased = define({ property: 'batchSize', aliases: ['batch-size'], default: 100 });
    const settings = new Map([at('type', 5), at('batch-size', 7, '101')]);
    const sink = aliased.configure(settings, { owner: 'sink k1', line: 5, problems });
    checkBatch(problems, 'sink k1', sink ?? expect.fail(), 'c1', channel);
    expect(problems.errors.map(({ line }) => line)).toEqual([7]);
  });

  it('warns of properties of interceptors that the type does not have, or that are not listed', () => {
    const lines = [
      'a1.sources.r1.interceptors = i1',
      'a1.sources.r1.interceptors.i1.type = timestamp',
      'a1.sources.r1.interceptors.i1.header = t',
      'a1.sources.r1.interceptors.i2.type = host',
    ];
    expect(problemsOf(GOOD + lines.join('\n'))).toEqual([
      expect.stringMatching(/^warning flume.conf:13: interceptor i1 .* has no property header, it is ignored/),
      expect.stringMatching(
        /^warning flume.conf:14: .*interceptors.i2.type is ignored: i2 is not one of .*did you mean i1\?/,
      ),
    ]);
  });

  it('says which agents there are when the one asked for is not', () => {
    expect(problemsOf(GOOD.replaceAll('a1.', 'other.'))).toEqual([
      'error flume.conf: there is no agent named a1; the file has: other',
    ]);
  });

  it('takes interceptors, and tells an unset variable, which stays as it is', () => {
    expect(
      problemsOf(
        `${GOOD}a1.sources.r1.interceptors = i1 i2\na1.sources.r1.interceptors.i1.type = static\na1.sources.r1.interceptors.i1.value = \${env:NO}\n`,
      ),
    ).toEqual([
      expect.stringMatching(/^error flume.conf:11: interceptor i2 of source r1 has no type/),
      expect.stringMatching(/^warning flume.conf:13: .*stays as it is: the environment variable NO is not set/),
    ]);
  });
});

it('refuses an encrypted file channel without a place for its keys, instead of leaving events unencrypted', () => {
  const text = `${GOOD.replace('channels.c1.type = memory', 'channels.c1.type = file')}a1.channels.c1.encryption.activeKey = key-0\n`;
  expect(problemsOf(text)).toEqual([
    expect.stringMatching(/^error flume\.conf:11: .*encryption\.activeKey needs encryption\.keyProvider, file or env/),
  ]);
});
