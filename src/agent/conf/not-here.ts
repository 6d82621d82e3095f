/** The types of components that Flume 1.11 has and this agent has not, and what to do instead: a file that names one is told so. */
const SOURCE_INSTEAD = 'let a Flume agent have it, whose avro sink sends to the avro source of this one';
const SINK_INSTEAD = 'let a Flume agent have it, whose avro source the avro sink of this one sends to';

const later = (what: string, instead: string): string => `${what} comes later here; until then ${instead}`;
const never = (what: string, instead: string): string => `${what} does not come here: ${instead}`;

const CHANNEL_INSTEAD = 'use file, which keeps its events over a kill';
const LEGACY = never('the protocol of Flume 0.9', 'send with an avro sink');
const TWITTER = never('Twitter', 'the interface that it used was ended in 2023');
const MORPHLINE = never('a morphline', 'it is run by Java; write a sink or an interceptor of your own in TypeScript');
const HIVE = never('Hive', 'write to HDFS with the hdfs sink, into the directories of an external table');
const ASYNC_HBASE = never(
  'the client for HBase 1',
  'use hbase2 with rest = URL: SimpleHBase2EventSerializer has the properties of SimpleAsyncHbaseEventSerializer; timeout is callTimeout, and async.* is left out',
);
const ELASTIC = never('Elasticsearch', 'Flume 1.11 has only its name left; send with the http sink');

/** By kind, then by the name in lower case. */
const TYPES: Readonly<Record<'sources' | 'channels' | 'sinks' | 'interceptors', Readonly<Record<string, string>>>> = {
  sources: {
    thrift: later('Thrift', SOURCE_INSTEAD),
    'org.apache.flume.source.thriftsource': later('Thrift', SOURCE_INSTEAD),
    jms: later('JMS', SOURCE_INSTEAD),
    'org.apache.flume.source.jms.jmssource': later('JMS', SOURCE_INSTEAD),
    'org.apache.flume.source.kafka.kafkasource': later('Kafka', SOURCE_INSTEAD),
    'org.apache.flume.source.scribe.scribesource': later('Scribe', SOURCE_INSTEAD),
    'org.apache.flume.source.avrolegacy.avrolegacysource': LEGACY,
    'org.apache.flume.source.thriftlegacy.thriftlegacysource': LEGACY,
    'org.apache.flume.source.twitter.twittersource': TWITTER,
  },
  channels: {
    jdbc: never('a channel in Derby', CHANNEL_INSTEAD),
    'org.apache.flume.channel.jdbc.jdbcchannel': never('a channel in Derby', CHANNEL_INSTEAD),
    'org.apache.flume.channel.kafka.kafkachannel': later('Kafka', CHANNEL_INSTEAD),
    'org.apache.flume.channel.pseudotxnmemorychannel': never(
      'a channel that loses events by design',
      'use memory, which gives back what a sink did not deliver',
    ),
  },
  sinks: {
    thrift: later('Thrift', SINK_INSTEAD),
    'org.apache.flume.sink.thriftsink': later('Thrift', SINK_INSTEAD),
    'org.apache.flume.sink.kafka.kafkasink': later('Kafka', SINK_INSTEAD),
    asynchbase: ASYNC_HBASE,
    'org.apache.flume.sink.hbase.asynchbasesink': ASYNC_HBASE,
    irc: later('IRC', SINK_INSTEAD),
    'org.apache.flume.sink.irc.ircsink': later('IRC', SINK_INSTEAD),
    hive: HIVE,
    'org.apache.flume.sink.hive.hivesink': HIVE,
    elasticsearch: ELASTIC,
    'org.apache.flume.sink.elasticsearch.elasticsearchsink': ELASTIC,
    morphline_solr: MORPHLINE,
    'org.apache.flume.sink.solr.morphline.morphlinesolrsink': MORPHLINE,
  },
  interceptors: {
    'org.apache.flume.sink.solr.morphline.morphlineinterceptor$builder': MORPHLINE,
  },
};

/** Why a type of Flume's is not here, by its name in lower case. */
export function notHere(kind: keyof typeof TYPES): Readonly<Record<string, string>> {
  return TYPES[kind];
}
