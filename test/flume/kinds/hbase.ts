/** Cases of the serializers of the hbase sinks: an event becomes a row. */
import { hbaseSerializers } from '../../../src/agent/sinks/hbase/serializers.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { configured } from '../../unit/agent/channels/make.ts';
import { type FlumeCase, passedIf, propertiesOf, same, type Verdict } from '../case.ts';

/** A value of which the case says its character set: `value in KOI8-R`. */
const IN = / in (\S+)$/;

/** The suite says which serializer is meant: TestRegexHBase2EventSerializer. */
export function hbase2(one: FlumeCase): Verdict {
  const type = `org.apache.flume.sink.hbase2.${one.suite.replace(/^Test/, '')}`;
  const { charset = 'UTF-8', ...rest } = propertiesOf(one);
  const serialize = configured(
    hbaseSerializers.get(type),
    { charset, ...rest },
    { owner: 'sink k1', log: silentLogger, clock: systemClock },
  );
  const { body, headers } = one.input['event'] as { headers: Record<string, string>; body: string };
  const { increments, puts } = serialize({ headers, body: Buffer.from(body) });
  const expected = one.expected as { row?: string; cells: Record<string, string> };
  // A column of ASCII is the same in all sets; others are read in that of the case, and so are values that say so.
  const decoder = new TextDecoder(charset);
  const cells = Object.fromEntries(
    (puts[0]?.cells ?? []).map(({ column, value }) => {
      const name = decoder.decode(column);
      const set = IN.exec(expected.cells[name] ?? '')?.[1];
      return [
        name,
        set === undefined ? Buffer.from(value).toString() : `${new TextDecoder(set).decode(value)} in ${set}`,
      ];
    }),
  );
  const row = Buffer.from(puts[0]?.row ?? []).toString();
  const isRow = expected.row === undefined ? row !== '' : row === expected.row;
  return passedIf(puts.length === 1 && increments.length === 0 && isRow && same(cells, expected.cells), { row, cells });
}
