/** Two components of a file that take one port or one directory are refused before the start, with both lines. */
import { describe, expect, it } from 'vitest';
import { readFlumeConf, readFlumeConfs } from '../../../../src/agent/conf/flume-conf.ts';

const HEAD = ['a1.sources = r1 r2', 'a1.channels = c1', 'a1.sinks = k1', 'a1.channels.c1.type = memory'];
const LINKS = ['a1.sources.r1.channels = c1', 'a1.sources.r2.channels = c1', 'a1.sinks.k1.channel = c1'];
const seq = (name: string): string => `a1.sources.${name}.type = seq`;
const netcat = (name: string, bind: string, port: number): string[] =>
  Object.entries({ type: 'netcat', bind, port }).map(([key, value]) => `a1.sources.${name}.${key} = ${value}`);
const NULL_SINK = 'a1.sinks.k1.type = null';

function errors(...lines: string[]): string[] {
  const { problems } = readFlumeConf([...HEAD, ...LINKS, ...lines].join('\n'), 'conf', 'a1', {});
  return problems.errors.map((error) => problems.format(error));
}

describe('what two components take', () => {
  it('is refused when it is one port of one address, or of all addresses', () => {
    expect(errors(NULL_SINK, ...netcat('r1', '127.0.0.1', 4000), ...netcat('r2', '127.0.0.1', 4000))).toEqual([
      'conf:14: source r2: port takes port 4000, expected another: source r1 (line 11) takes it already',
    ]);
    expect(errors(NULL_SINK, ...netcat('r1', '0.0.0.0', 4000), ...netcat('r2', '127.0.0.1', 4000)).length).toBe(1);
  });

  it('may be any free port twice, another port, or the port of another address', () => {
    for (const [host, port] of [
      ['127.0.0.1', 0],
      ['127.0.0.2', 4000],
    ] as const) {
      expect(errors(NULL_SINK, ...netcat('r1', '127.0.0.1', port), ...netcat('r2', host, port))).toEqual([]);
    }
    expect(errors(NULL_SINK, ...netcat('r1', '127.0.0.1', 4000), ...netcat('r2', '127.0.0.1', 4001))).toEqual([]);
  });

  it('is refused across kinds: a Spark sink on the port of a source', () => {
    const spark = ['type = spark', 'hostname = 127.0.0.1', 'port = 4000'].map((line) => `a1.sinks.k1.${line}`);
    expect(errors(...netcat('r1', '127.0.0.1', 4000), seq('r2'), ...spark)).toEqual([
      'conf:14: sink k1: port takes port 4000, expected another: source r1 (line 10) takes it already',
    ]);
  });

  it('is refused when it is one directory, however it is written', () => {
    const files = ['a1.channels = c1 c2', 'a1.sources.r2.channels = c2', seq('r1'), seq('r2'), NULL_SINK];
    const channels = ['a1.channels.c1.type = file', 'a1.channels.c2.type = file', 'a1.channels.c1.dataDirs = /tmp/x'];
    expect(errors(...files, ...channels, 'a1.channels.c2.dataDirs = /tmp/y/../x, /tmp/z')).toEqual([
      'conf:16: channel c2: dataDirs takes the directory /tmp/x, expected another: channel c1 (line 15) takes it already',
    ]);
    // Both have the default: the lines are those of the types.
    expect(errors(...files, ...channels.slice(0, 2))).toEqual([
      expect.stringMatching(
        /^conf:14: channel c2: dataDirs takes the directory .*: channel c1 \(line 13\) takes it already$/,
      ),
    ]);
  });

  it('is told with the files of both, where there are several', () => {
    const [first = '', second = ''] = [
      [...HEAD, ...LINKS, NULL_SINK, ...netcat('r1', '127.0.0.1', 4000)],
      ['', ...netcat('r2', '127.0.0.1', 4000), 'a1.sinks.k1.type = null', 'a1.sinks.k1.type = null'],
    ].map((lines) => lines.join('\n'));
    const files = [
      { file: 'first', text: first },
      { file: 'second', text: second },
    ];
    const { problems } = readFlumeConfs(files, 'a1', { env: {} });
    expect(problems.all.map((problem) => problems.format(problem))).toEqual([
      'second:4: source r2: port takes port 4000, expected another: source r1 (first:11) takes it already',
      'second:5: a1.sinks.k1.type is given again in second:6, which counts',
    ]);
  });
});
