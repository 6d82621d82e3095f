/** What a flume.conf says of reliability: levels, sink groups, and what is too weak for them. */
import { describe, expect, it } from 'vitest';
import { readFlumeConf } from '../../../../src/agent/conf/flume-conf.ts';
import type { Reliability } from '../../../../src/core/reliability.ts';

const conf = (channel: string, ...more: string[]): string =>
  [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1 k2',
    'a1.sources.r1.type = seq',
    'a1.sources.r1.channels = c1',
    `a1.channels.c1.type = ${channel}`,
    'a1.sinks.k1.type = null',
    'a1.sinks.k1.channel = c1',
    'a1.sinks.k2.type = null',
    'a1.sinks.k2.channel = c1',
    ...more,
  ].join('\n');

const group = (type: string, ...more: string[]): string[] => [
  'a1.sinkgroups = g1',
  'a1.sinkgroups.g1.sinks = k1',
  `a1.sinkgroups.g1.processor.type = ${type}`,
  ...more,
];

function read(text: string, asked?: Reliability): { problems: string[]; processors: Record<string, string> } {
  const { conf: made, problems } = readFlumeConf(text, 'f', 'a1', {}, asked);
  return {
    problems: problems.all.map((problem) => `${problem.severity} ${problems.format(problem)}`),
    processors: Object.fromEntries((made?.groups ?? []).map(({ name, processor }) => [name, processor.type])),
  };
}

describe('the level of a flume.conf', () => {
  it('changes nothing when there is none', () => {
    expect(read(conf('memory'))).toEqual({ problems: [], processors: { k1: 'default', k2: 'default' } });
  });

  it('end-to-end refuses a memory channel, with its line and what to write', () => {
    expect(read(conf('memory', 'a1.reliability = end-to-end')).problems).toEqual([
      expect.stringMatching(
        /^error f:11: a1.reliability is end-to-end, expected a file channel: channel c1 of type memory .* write a1.channels.c1.type = file/,
      ),
    ]);
  });

  it('end-to-end refuses a spillable memory channel unless nothing of it is in memory', () => {
    const ofLevel = (...more: string[]) =>
      read(conf('SpillableMemory', 'a1.reliability = end-to-end', ...more)).problems;
    expect(ofLevel()).toEqual([expect.stringMatching(/channel c1 of type SPILLABLEMEMORY loses its events/)]);
    expect(ofLevel('a1.channels.c1.memoryCapacity = 0')).toEqual([]);
  });

  it('store-on-failure puts its processor before every sink that has no group, unless its channel is on disk', () => {
    const text = [
      'a1.reliability = store-on-failure',
      ...group('store_on_failure', 'a1.sinkgroups.g1.processor.maxBytes = 100000'),
    ];
    expect(read(conf('memory', ...text))).toEqual({
      problems: [],
      processors: { g1: 'store_on_failure', k2: 'store_on_failure' },
    });
    expect(read(conf('file', 'a1.reliability = Store-On-Failure'))).toEqual({
      problems: [],
      processors: { k1: 'default', k2: 'default' },
    });
  });

  it('best-effort puts its processor before every sink that has no group', () => {
    expect(read(conf('memory', 'a1.reliability = best-effort'))).toEqual({
      problems: [],
      processors: { k1: 'best_effort', k2: 'best_effort' },
    });
  });

  it('refuses sink groups that lose more than the level allows', () => {
    expect(read(conf('file', 'a1.reliability = end-to-end', ...group('best_effort'))).problems).toEqual([
      expect.stringContaining('error f:14: a1.reliability is end-to-end, expected a processor that drops nothing'),
    ]);
    expect(read(conf('memory', 'a1.reliability = store-on-failure', ...group('best_effort'))).problems).toHaveLength(1);
    expect(read(conf('memory', 'a1.reliability = store-on-failure', ...group('default'))).problems).toEqual([
      expect.stringContaining(
        'error f:14: a1.reliability is store-on-failure, expected the processor store_on_failure',
      ),
    ]);
    expect(read(conf('file', 'a1.reliability = end-to-end', ...group('store_on_failure'))).problems).toEqual([]);
  });

  it('names the levels when it is none of them', () => {
    expect(read(conf('memory', 'a1.reliability = best-efort')).problems).toEqual([
      'error f:11: a1.reliability is "best-efort", expected one of end-to-end, store-on-failure, best-effort; did you mean best-effort?',
    ]);
  });
});

describe('the level that a caller asks for', () => {
  it('counts when the file says none, and refuses a channel that is too weak at its line', () => {
    expect(read(conf('memory'), 'end-to-end').problems).toEqual([
      expect.stringContaining('error f:6: reliability end-to-end is asked for, expected a file channel: channel c1'),
    ]);
    expect(read(conf('file'), 'end-to-end')).toEqual({ problems: [], processors: { k1: 'default', k2: 'default' } });
    expect(read(conf('memory'), 'store-on-failure').processors).toEqual({
      k1: 'store_on_failure',
      k2: 'store_on_failure',
    });
  });

  it('gives way to a stronger one of the file with a warning, and refuses a weaker one', () => {
    expect(read(conf('file', 'a1.reliability = end-to-end'), 'best-effort')).toEqual({
      problems: [expect.stringContaining('warning f:11: a1.reliability is end-to-end and counts')],
      processors: { k1: 'default', k2: 'default' },
    });
    expect(read(conf('file', 'a1.reliability = best-effort'), 'store-on-failure').problems).toEqual([
      expect.stringContaining('error f:11: a1.reliability is best-effort, expected store-on-failure'),
    ]);
    expect(read(conf('file', 'a1.reliability = end-to-end'), 'end-to-end').problems).toEqual([]);
  });
});

describe('sink groups', () => {
  it('name sinks that are not there, are in two groups, or are too many for their processor', () => {
    const text = [
      'a1.sinkgroups = g1 g2',
      'a1.sinkgroups.g1.sinks = k1 k2',
      'a1.sinkgroups.g2.sinks = k1 k3',
      'a1.sinkgroups.g3.sinks = k1',
      'a1.sinkgroups.g1.procesor.type = default',
    ];
    expect(read(conf('memory', ...text)).problems).toEqual([
      expect.stringContaining('error f:12: sink group g1 has 2 sinks, expected one sink, which default drives'),
      expect.stringContaining('error f:13: sink group g2: sink k1 is in group g1 already'),
      expect.stringContaining('error f:13: sink group g2: there is no sink k3, known sinks: k1, k2; did you mean k1?'),
      expect.stringContaining('error f:13: sink group g2 has 2 sinks, expected one sink'),
      expect.stringContaining('warning f:14: a1.sinkgroups.g3.sinks is ignored: g3 is not in a1.sinkgroups'),
      expect.stringContaining('warning f:15: a1.sinkgroups.g1.procesor.type is ignored'),
    ]);
    expect(read(conf('memory', 'a1.sinkgroups = g1')).problems).toEqual([
      expect.stringContaining('error f:11: sink group g1 has no sinks'),
    ]);
  });

  it('check the properties of their processor with lines', () => {
    const text = group(
      'store_on_failure',
      'a1.sinkgroups.g1.processor.maxBytes = 1',
      'a1.sinkgroups.g1.processor.directry = x',
    );
    expect(read(conf('memory', ...text)).problems).toEqual([
      expect.stringContaining(
        'error f:14: a1.sinkgroups.g1.processor.maxBytes is "1", expected a whole number of at least 65536',
      ),
      expect.stringMatching(/warning f:15: .*directry, it is ignored; did you mean directory\?/),
    ]);
    expect(
      read(conf('memory', ...group('failover', 'a1.sinkgroups.g1.processor.priority.k1 = high'))).problems,
    ).toEqual([
      expect.stringContaining('error f:14: a1.sinkgroups.g1.processor.priority.k1 is "high", expected a whole number'),
    ]);
  });
});
