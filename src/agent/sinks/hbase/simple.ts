/** The simple serializer: a row for each event, with its body in one column, and a counter of all events. */
import type { Clock } from '../../../core/clock.ts';
import { ofProcess, randomBytes, uuid } from '../../../core/machine.ts';
import { defineComponent } from '../../component/component.ts';
import { text } from '../../component/fields.ts';
import {
  type HbaseSerializer,
  type HbaseSerializerContext,
  type HbaseSerializerType,
  type Mutations,
  rowKey,
} from './serializer.ts';

/** What stands behind the prefix of a row key. The words are compared with their case; any other one is `uuid`, as in Flume. */
type Suffix = (clock: Clock) => string;

/** The last time in ns that was given out: two events of this process have no time in common. */
const lastNanos = ofProcess(() => ({ ns: 0n }));

const SUFFIXES: ReadonlyMap<string, Suffix> = new Map([
  ['timestamp', (clock: Clock) => String(clock.now())],
  ['random', () => String(randomBytes(8).readBigInt64BE())],
  ['nano', (clock: Clock) => String(nanos(clock))],
]);

function nanos(clock: Clock): bigint {
  const last = lastNanos();
  const now = BigInt(Math.floor(clock.now())) * 1_000_000n;
  last.ns = now > last.ns ? now : last.ns + 1n;
  return last.ns;
}

/** The simple serializer. */
export const simple: HbaseSerializerType = defineComponent({
  type: 'org.apache.flume.sink.hbase2.SimpleHBase2EventSerializer',
  aliases: ['org.apache.flume.sink.hbase.SimpleHbaseEventSerializer'],
  doc: 'a row for each event, with its body in one column, and a counter that rises by one with each event',
  differences: [
    'The suffix nano is the time since 1970, which rises over restarts, too; Java counts from some other time.',
  ],
  fields: {
    rowPrefix: text({ doc: 'how row keys begin', default: 'default' }),
    suffix: text({
      doc: 'how row keys end: uuid, random (a number), timestamp (ms since 1970: events of the same millisecond have one row, and the last one is kept), nano (ns); any other word is uuid',
      default: 'uuid',
    }),
    payloadColumn: text({ doc: 'column of the body', default: 'pCol' }),
    incrementRow: text({ doc: 'row of the counter', default: 'incRow' }),
    incrementColumn: text({ doc: 'column of the counter', default: 'iCol' }),
  },
  create: (values, { clock, log, owner }: HbaseSerializerContext): HbaseSerializer => {
    const [column, counter] = [Buffer.from(values.payloadColumn), Buffer.from(values.incrementColumn)];
    const increments = [{ row: Buffer.from(values.incrementRow), column: counter, amount: 1 }];
    const suffix = SUFFIXES.get(values.suffix) ?? uuid;
    if (values.suffix === 'timestamp')
      log.warn({}, `${owner}: with serializer.suffix = timestamp only the last of the events of a millisecond is kept`);
    else if (values.suffix !== 'uuid' && !SUFFIXES.has(values.suffix))
      log.warn(
        {},
        `${owner}: serializer.suffix is ${values.suffix}, expected uuid, random, timestamp or nano; uuid is taken`,
      );
    return ({ body }): Mutations => {
      const row = rowKey(Buffer.from(`${values.rowPrefix}${suffix(clock)}`), () => owner);
      return { puts: [{ row, cells: [{ column, value: body }] }], increments };
    };
  },
});
