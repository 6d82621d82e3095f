/** Types of Flume's that this agent does not have are told by their line, with what to do; none of them is one that it has. */
import { expect, it } from 'vitest';
import { channels } from '../../../../src/agent/channels/index.ts';
import { readFlumeConf } from '../../../../src/agent/conf/flume-conf.ts';
import { notHere } from '../../../../src/agent/conf/not-here.ts';
import { interceptors } from '../../../../src/agent/interceptors/index.ts';
import { sinks } from '../../../../src/agent/sinks/index.ts';
import { sources } from '../../../../src/agent/sources/index.ts';

const KINDS = { sources, channels, sinks, interceptors };

it.each(['sources', 'channels', 'sinks', 'interceptors'] as const)(
  '%s: none is here, and each is written as it is compared',
  (kind) => {
    const names = Object.keys(notHere(kind));
    expect(names.filter((name) => KINDS[kind].find(name) !== undefined || name !== name.toLowerCase())).toEqual([]);
  },
);

it('tells what to do', () => {
  const conf = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = Thrift
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = org.apache.flume.sink.solr.morphline.MorphlineInterceptor$Builder
a1.channels.c1.type = org.apache.flume.channel.kafka.KafkaChannel
a1.sinks.k1.type = hive
a1.sinks.k1.channel = c1`;
  const { problems } = readFlumeConf(conf, 'flume.conf', 'a1', {});
  expect(problems.errors.map((problem) => problems.format(problem))).toEqual([
    expect.stringMatching(
      /^flume\.conf:4: source r1: type Thrift is refused \(Thrift comes later here; until then let a Flume agent/,
    ),
    expect.stringMatching(
      /^flume\.conf:7: interceptor i1 of source r1: type .* is refused \(a morphline does not come here/,
    ),
    expect.stringMatching(
      /^flume\.conf:8: channel c1: type .* is refused \(Kafka comes later here; until then use file/,
    ),
    expect.stringMatching(/^flume\.conf:9: sink k1: type hive is refused \(Hive does not come here: write to HDFS/),
  ]);
});
