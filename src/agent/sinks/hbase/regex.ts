/** The regex serializer: the groups of a pattern are the columns of a row. */
import type { Clock } from '../../../core/clock.ts';
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { ofProcess, randomBytes } from '../../../core/machine.ts';
import { defineComponent } from '../../component/component.ts';
import { bool, charset, int, javaPattern, text, type Values } from '../../component/fields.ts';
import { type Found, JavaPattern } from '../../component/pattern/pattern.ts';
import {
  type Cell,
  type HbaseSerializer,
  type HbaseSerializerContext,
  type HbaseSerializerType,
  type Mutations,
  rowKey,
} from './serializer.ts';

const ROW_KEY = 'ROW_KEY';
const NOTHING: Mutations = { puts: [], increments: [] };

const fields = {
  regex: javaPattern({ doc: 'matches the whole body; . stands for ends of lines, too', default: '(.*)' }),
  regexIgnoreCase: bool({ doc: 'whether case does not count, that of ASCII letters', default: false }),
  colNames: text({ doc: 'columns of the groups, separated by commas', default: 'payload' }),
  rowKeyIndex: int({
    doc: 'which of colNames, from 0, is the row key; its name there must be ROW_KEY; -1: none, keys are made',
    default: -1,
    min: -1,
  }),
  depositHeaders: bool({ doc: 'whether each header is a column, which replaces a group of its name', default: false }),
  charset: charset({
    doc: 'how the body is read, and how names of columns, values of headers and keys that are made are written; groups are written as UTF-8',
    default: 'UTF-8',
  }),
};

/** What no two processes have in common, and how many keys this one has made. */
const keys = ofProcess(() => ({ mark: letters(10), made: 0 }));

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function letters(count: number): string {
  // The remainder prefers some letters to others, which does no harm here.
  return [...randomBytes(count)].map((byte) => ALPHANUMERIC[byte % ALPHANUMERIC.length]).join('');
}

function madeKey(clock: Clock): string {
  const own = keys();
  return `${clock.now()}-${own.mark}-${own.made++}`;
}

/** As Java splits: without the empty names at the end. */
function columnsOf(names: string): string[] {
  const columns = names.split(',');
  while (columns.at(-1) === '') columns.pop();
  return columns;
}

/** With Pattern.DOTALL, and CASE_INSENSITIVE where case does not count; flags that the pattern begins with stay. */
function patternOf({ regex, regexIgnoreCase }: Values<typeof fields>): JavaPattern {
  const own = /^\(\?([imsu]+)\)/.exec(regex.source);
  const flags = `s${regexIgnoreCase ? 'i' : ''}${own?.[1] ?? ''}`;
  return new JavaPattern(`(?${flags})${regex.source.slice(own?.[0].length ?? 0)}`);
}

class Rows {
  readonly #values: Values<typeof fields>;
  readonly #context: HbaseSerializerContext;
  readonly #pattern: JavaPattern;
  readonly #columns: readonly Buffer[];
  #dropped = 0;

  constructor(values: Values<typeof fields>, context: HbaseSerializerContext) {
    this.#values = values;
    this.#context = context;
    this.#pattern = patternOf(values);
    this.#columns = columnsOf(values.colNames).map((name) => values.charset.encode(name));
    if (this.#pattern.groups !== this.#columns.length)
      context.log.warn(
        {},
        `${context.owner}: serializer.regex has ${this.#pattern.groups} groups and serializer.colNames ${this.#columns.length} names: every event is dropped, as in Flume, until they are as many`,
      );
  }

  of(event: PlainEvent): Mutations {
    const found = this.#pattern.match(this.#read(event.body));
    if (found === undefined || this.#pattern.groups !== this.#columns.length) return this.#drop();
    const { charset: set, depositHeaders, rowKeyIndex } = this.#values;
    const { clock, owner } = this.#context;
    const key = rowKeyIndex < 0 ? set.encode(madeKey(clock)) : Buffer.from(this.#group(found, rowKeyIndex));
    const row = rowKey(key, () => owner);
    const cells: Cell[] = [];
    for (const [i, column] of this.#columns.entries())
      if (i !== rowKeyIndex) cells.push({ column, value: Buffer.from(this.#group(found, i)) });
    if (depositHeaders)
      for (const [name, value] of Object.entries(event.headers))
        cells.push({ column: set.encode(name), value: set.encode(value) });
    // HBase refuses a put without cells, and Flume with it.
    if (cells.length === 0) throw unreadable(`${owner}: the row has no column`);
    return { puts: [{ row, cells }], increments: [] };
  }

  #read(body: Uint8Array): string {
    const decoder = this.#values.charset.decoder('REPLACE');
    return decoder.write(Buffer.from(body.buffer, body.byteOffset, body.byteLength)) + decoder.end();
  }

  /** @param i the place in colNames @throws StreamjobError EVENT_UNREADABLE when the group is no part of the match, as Flume */
  #group(found: Found, i: number): string {
    const part = found.group(i + 1);
    if (part === undefined)
      throw unreadable(`${this.#context.owner}: group ${i + 1} of serializer.regex is no part of the match`);
    return part;
  }

  #drop(): Mutations {
    this.#dropped++;
    if (/^10*$/.test(String(this.#dropped)))
      this.#context.log.warn(
        { events: this.#dropped },
        `${this.#context.owner}: ${this.#dropped} events so far are dropped, since serializer.regex does not match them or its groups are not as many as colNames`,
      );
    return NOTHING;
  }
}

function unreadable(message: string): StreamjobError {
  return new StreamjobError('EVENT_UNREADABLE', message, {
    hint: 'change the pattern, or drop such events with an interceptor; until then they stay in the channel, and all behind them',
  });
}

/** The regex serializer. */
export const regex: HbaseSerializerType = defineComponent({
  type: 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer',
  aliases: ['org.apache.flume.sink.hbase.RegexHbaseEventSerializer'],
  doc: 'a row for each event that a pattern matches, with the groups of the pattern as its columns; others are dropped',
  differences: ['Events that are dropped are counted in the log; Flume drops them silently.'],
  fields,
  check({ colNames, rowKeyIndex }, complain) {
    const columns = columnsOf(colNames);
    if (rowKeyIndex < 0) return;
    const name = columns[rowKeyIndex];
    if (name === undefined)
      complain('rowKeyIndex', `is ${rowKeyIndex}, but colNames has ${columns.length} names: expected less than that`);
    else if (name.toUpperCase() !== ROW_KEY)
      complain('rowKeyIndex', `is ${rowKeyIndex}, but that name of colNames is ${name}, expected ${ROW_KEY}`);
  },
  create: (values, context: HbaseSerializerContext): HbaseSerializer => {
    const rows = new Rows(values, context);
    return (event) => rows.of(event);
  },
});
