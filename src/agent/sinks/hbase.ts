/** The hbase2 and hbase sinks: events in rows of an HBase table, through HBase's REST gateway. */
import { defineComponent } from '../component/component.ts';
import { bool, int, text, type Values } from '../component/fields.ts';
import { nested } from '../component/nested.ts';
import { Gateway } from './hbase/gateway.ts';
import { hbaseSerializers } from './hbase/serializers.ts';
import { HbaseSink } from './hbase/sink.ts';
import type { Sink, SinkContext, SinkType } from './sink.ts';

/** Of the gateway, unless something else is said. */
const REST_PORT = 8080;
const REFUSED = 'refused: there is no Kerberos here';

const fields = {
  table: text({ doc: 'table, also NAMESPACE:TABLE', required: true }),
  columnFamily: text({ doc: 'family of all columns', required: true }),
  rest: text({
    doc: "address of HBase's REST gateway; unless it is given, http://HOST:8080 of the first host of zookeeperQuorum, or of localhost",
  }),
  batchSize: int({ unit: 'events', doc: 'events per transaction', default: 100, min: 1 }),
  coalesceIncrements: bool({
    doc: 'whether a batch adds to a counter with one call instead of one for each event, which is faster',
    default: false,
  }),
  callTimeout: int({ unit: 'ms', doc: 'how long a call of the gateway may take', default: 30_000, min: 1 }),
  enableWal: bool({ doc: "true; false is of no meaning here: HBase's log is always written", default: true }),
  zookeeperQuorum: text({ doc: 'the first host is taken for that of the gateway, unless there is rest' }),
  znodeParent: text({ doc: 'of no meaning here' }),
  kerberosPrincipal: text({ doc: REFUSED }),
  kerberosKeytab: text({ doc: REFUSED }),
};

type HbaseValues = Values<typeof fields>;

function restOf({ rest, zookeeperQuorum }: HbaseValues): string {
  if (rest !== undefined) return rest;
  const [first = ''] = (zookeeperQuorum ?? '').split(',');
  const host = first.trim().replace(/:\d+$/, '');
  return `http://${host === '' ? 'localhost' : host}:${REST_PORT}`;
}

/** What a file for Flume says and what is done here. */
function warningsOf(values: HbaseValues): string[] {
  const { enableWal, rest, znodeParent, zookeeperQuorum } = values;
  const warnings: string[] = [];
  if (rest === undefined)
    warnings.push(
      `HBase is reached by its REST gateway, which is taken to be at ${restOf(values)}; rest = URL says where it is`,
    );
  else if (zookeeperQuorum !== undefined) warnings.push('zookeeperQuorum is of no meaning beside rest');
  if (znodeParent !== undefined) warnings.push('znodeParent is of no meaning here: the REST gateway has its own');
  if (!enableWal)
    warnings.push("enableWal = false is of no meaning here: by the REST gateway HBase's log is always written");
  return warnings;
}

function isWebAddress(address: string): boolean {
  return URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol);
}

/** @param fallback the serializer when the file names none */
function hbaseSink(type: string, alias: string, fallback: string): SinkType {
  return defineComponent({
    type,
    aliases: [alias],
    doc: "writes events to rows of an HBase table, by HBase's REST gateway",
    delivery:
      'At least once: a batch leaves the channel when HBase has answered that its rows are written and its counters raised. A batch that failed goes to the same rows when it comes again, so that it is there once; after a kill its events come again with new keys, unless the key is part of the event.',
    differences: [
      'HBase is reached by its REST gateway (`hbase rest start`), not by RPC and ZooKeeper; there is no Kerberos.',
      'A counter is never too low. It is too high by what a call adds (with coalesceIncrements that is the whole batch) each time that HBase did it and its answer was lost, and by what a batch adds when the agent is killed before its commit or another sink gets the batch. What HBase has answered for is not added again by this sink; Flume adds all of a batch again.',
      'Rows of a batch that failed keep their keys when it comes again; Flume makes new ones, and what was written stays beside them.',
      'A table or a column family that is not there fails the start, which the agent tries again; Flume gives the sink up. A gateway that does not answer at the start is waited for.',
      'enableWal = false is of no meaning; serializers of your own are not loaded.',
    ],
    fields,
    nested: {
      serializer: nested({
        prefix: 'serializer',
        types: hbaseSerializers,
        fallback,
        doc: 'how an event becomes rows and counters',
      }),
    },
    check(values, complain) {
      for (const property of ['kerberosPrincipal', 'kerberosKeytab'] as const)
        if (values[property] !== undefined)
          complain(property, 'is refused: Kerberos is not supported; use a REST gateway that asks for none');
      if (values.rest !== undefined && !isWebAddress(values.rest))
        complain('rest', `is ${JSON.stringify(values.rest)}, expected a URL (http:, https:)`);
      else if (!isWebAddress(restOf(values)))
        complain('zookeeperQuorum', `is ${values.zookeeperQuorum}, expected HOST:PORT,HOST:PORT`);
      if (values.columnFamily.includes(':')) complain('columnFamily', 'has a colon, which ends the name of a family');
    },
    limits: ({ batchSize }) => ({ batch: { property: 'batchSize', events: batchSize } }),
    create: (values, context: SinkContext, given): Sink => {
      const { batchSize, callTimeout, coalesceIncrements, columnFamily: family, table } = values;
      const { clock, log, name } = context;
      const gateway = new Gateway({ url: restOf(values), table, family, callTimeout });
      const serialize = given.nested.serializer.create({ owner: `sink ${name}`, log, clock });
      return new HbaseSink(
        { gateway, serialize, batchSize, coalesceIncrements, warnings: warningsOf(values) },
        context,
      );
    },
  });
}

/** The hbase2 sink. */
export const hbase2: SinkType = hbaseSink(
  'hbase2',
  'org.apache.flume.sink.hbase2.HBase2Sink',
  'org.apache.flume.sink.hbase2.SimpleHBase2EventSerializer',
);

/** The hbase sink, which is the same: by REST both versions of HBase are. */
export const hbase: SinkType = hbaseSink(
  'hbase',
  'org.apache.flume.sink.hbase.HBaseSink',
  'org.apache.flume.sink.hbase.SimpleHbaseEventSerializer',
);
