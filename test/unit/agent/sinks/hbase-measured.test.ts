/** Configurations of the hbase2 sink with what Flume 1.11 left in a table of HBase 2.6.1 for each: the same events leave the same here. */
import { afterEach, describe, expect, it } from 'vitest';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import { hbase2 } from '../../../../src/agent/sinks/hbase.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';
import { event } from '../channels/use.ts';
import { fakeGateway, long } from './hbase-gateway.ts';
import { sinkRig, until } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Properties = Readonly<Record<string, string | number | boolean>>;

const SIMPLE = 'org.apache.flume.sink.hbase2.SimpleHBase2EventSerializer';
const REGEX = 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer';
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
/** Keys that the regex serializer makes: the time, what is this process's, a number. */
const MADE = /^\d+-[A-Za-z0-9]{10}-\d+$/;

/** The properties of a serializer with its name. */
const of = (serializer: string, own: Properties = {}): Properties => ({
  serializer,
  ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`serializer.${name}`, value])),
});

const lines = (...texts: string[]): PlainEvent[] => texts.map((text) => event(text));
const THREE = lines('hello world', 'two', '');
const LOG_LINES = [
  event('10.0.0.1 GET /index.html', { host: 'web1', zone: 'eu' }),
  event('10.0.0.2 POST /form', { host: 'web2' }),
  event('nonsense line'),
];
const LOG_PATTERN = '(\\S+) (GET|POST) (\\S+)';

/** Bytes of a text in UTF-8, as the table has them. */
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

interface Row {
  readonly key: string | RegExp;
  readonly cells: Readonly<Record<string, string>>;
}

/** The rows of the simple serializer for the three events, and its counter. */
function simpleRows(key: RegExp, { column = 'pCol', counter = 'iCol' } = {}): Row[] {
  const rows = ['hello world', 'two', ''].map((body) => ({ key, cells: { [`cf:${column}`]: body } }));
  return [...rows, { key: 'incRow', cells: { [`cf:${counter}`]: long(3) } }];
}

const made = (...rows: Readonly<Record<string, string>>[]): Row[] => rows.map((cells) => ({ key: MADE, cells }));

const DEFAULT_KEY = new RegExp(`^default${UUID}$`);

interface Case {
  readonly name: string;
  readonly properties: Properties;
  readonly events: readonly PlainEvent[];
  readonly rows: readonly Row[];
}

const WRITTEN: readonly Case[] = [
  { name: 'simple_default', properties: {}, events: THREE, rows: simpleRows(DEFAULT_KEY) },
  { name: 'simple_named', properties: of(SIMPLE), events: THREE, rows: simpleRows(DEFAULT_KEY) },
  {
    name: 'simple_inc',
    properties: of(SIMPLE, {
      payloadColumn: 'body',
      incrementColumn: 'cnt',
      incrementRow: 'total',
      rowPrefix: 'log',
      suffix: 'timestamp',
    }),
    events: THREE,
    // All of one millisecond: the last one is left.
    rows: [
      { key: /^log\d+$/, cells: { 'cf:body': '' } },
      { key: 'total', cells: { 'cf:cnt': long(3) } },
    ],
  },
  {
    name: 'simple_inc_co',
    properties: { ...of(SIMPLE, { payloadColumn: 'body', incrementColumn: 'cnt' }), coalesceIncrements: true },
    events: THREE,
    rows: simpleRows(DEFAULT_KEY, { column: 'body', counter: 'cnt' }),
  },
  {
    name: 'simple_random',
    properties: of(SIMPLE, { suffix: 'random' }),
    events: THREE,
    rows: simpleRows(/^default-?\d{1,19}$/),
  },
  {
    name: 'simple_nano',
    properties: of(SIMPLE, { suffix: 'nano' }),
    events: THREE,
    rows: simpleRows(/^default\d+$/),
  },
  {
    name: 'simple_badsuf',
    properties: of(SIMPLE, { suffix: 'nosuch' }),
    events: THREE,
    rows: simpleRows(DEFAULT_KEY),
  },
  {
    name: 'simple_nopay',
    properties: of(SIMPLE, { payloadColumn: '', incrementColumn: 'cnt' }),
    events: THREE,
    rows: simpleRows(DEFAULT_KEY, { counter: 'cnt' }),
  },
  {
    name: 'simple_noinc',
    properties: of(SIMPLE, { incrementColumn: '' }),
    events: THREE,
    rows: simpleRows(DEFAULT_KEY),
  },
  {
    name: 'simple_nowal',
    properties: { ...of(SIMPLE), enableWal: false, batchSize: 2 },
    events: THREE,
    rows: simpleRows(DEFAULT_KEY),
  },
  {
    name: 'regex_default',
    properties: of(REGEX),
    events: lines('hello world', 'two', '', 'line1\nline2'),
    rows: made(
      { 'cf:payload': 'hello world' },
      { 'cf:payload': 'two' },
      { 'cf:payload': '' },
      { 'cf:payload': 'line1\nline2' },
    ),
  },
  {
    name: 'regex_cols',
    properties: of(REGEX, { regex: LOG_PATTERN, colNames: 'ip,method,path' }),
    events: LOG_LINES,
    rows: made(
      { 'cf:ip': '10.0.0.1', 'cf:method': 'GET', 'cf:path': '/index.html' },
      { 'cf:ip': '10.0.0.2', 'cf:method': 'POST', 'cf:path': '/form' },
    ),
  },
  {
    name: 'regex_rowkey',
    properties: of(REGEX, { regex: LOG_PATTERN, colNames: 'ROW_KEY,method,path', rowKeyIndex: 0 }),
    events: [...LOG_LINES, event('10.0.0.1 POST /again')],
    rows: [
      { key: '10.0.0.1', cells: { 'cf:method': 'POST', 'cf:path': '/again' } },
      { key: '10.0.0.2', cells: { 'cf:method': 'POST', 'cf:path': '/form' } },
    ],
  },
  {
    name: 'regex_rk_last',
    properties: of(REGEX, {
      regex: LOG_PATTERN,
      colNames: 'ip,method,ROW_KEY',
      rowKeyIndex: 2,
      depositHeaders: true,
    }),
    events: LOG_LINES,
    rows: [
      { key: '/index.html', cells: { 'cf:ip': '10.0.0.1', 'cf:method': 'GET', 'cf:host': 'web1', 'cf:zone': 'eu' } },
      { key: '/form', cells: { 'cf:ip': '10.0.0.2', 'cf:method': 'POST', 'cf:host': 'web2' } },
    ],
  },
  {
    name: 'regex_headers',
    properties: of(REGEX, { depositHeaders: true }),
    events: [event('x', { host: 'web1', payload: 'clash' }), event('y', { 'a b': 'é' })],
    rows: made({ 'cf:payload': 'clash', 'cf:host': 'web1' }, { 'cf:payload': 'y', 'cf:a b': utf8('é') }),
  },
  {
    name: 'regex_icase',
    properties: of(REGEX, { regex: '(abc)(.*)', regexIgnoreCase: true, colNames: 'a,b' }),
    events: lines('ABCdef', 'abc', 'xabc'),
    rows: made({ 'cf:a': 'ABC', 'cf:b': 'def' }, { 'cf:a': 'abc', 'cf:b': '' }),
  },
  {
    name: 'regex_fewcols',
    properties: of(REGEX, { regex: '(a)(b)', colNames: 'one' }),
    events: lines('ab'),
    rows: [],
  },
  {
    name: 'regex_manycols',
    properties: of(REGEX, { regex: '(a)', colNames: 'one,two' }),
    events: lines('a'),
    rows: [],
  },
  {
    name: 'regex_charset',
    properties: of(REGEX, { charset: 'ISO-8859-1', depositHeaders: true }),
    events: [event('café', { h: 'é' })],
    // The body is read as ISO-8859-1 and written as UTF-8.
    rows: made({ 'cf:payload': utf8(utf8('café')), 'cf:h': 'é' }),
  },
];

async function open(properties: Properties) {
  const gateway = await fakeGateway();
  ends.push(() => gateway.close());
  const rig = await sinkRig(hbase2, { table: 't', columnFamily: 'cf', rest: gateway.url, ...properties });
  ends.push(() => rig.stop());
  return { gateway, rig };
}

describe('what Flume 1.11 wrote', () => {
  it.each(WRITTEN)('$name', async ({ events, properties, rows }) => {
    const { gateway, rig } = await open(properties);
    await putAll(rig.channel, events);
    await until(() => rig.counters.EventDrainSuccessCount === events.length);
    const isCounter = (key: string): boolean => key === 'incRow' || key === 'total';
    // Rows in the order of their events, then the counter.
    const left = [...gateway.rows].sort(([a], [b]) => Number(isCounter(a)) - Number(isCounter(b)));
    expect(left.map(([, cells]) => Object.fromEntries(cells))).toEqual(rows.map(({ cells }) => cells));
    for (const [i, [key]] of left.entries()) expect(key).toEqual(expect.stringMatching(exactly(rows[i]?.key)));
    expect(rig.counters).toMatchObject({ EventWriteFail: 0, ConnectionCreatedCount: 1, ConnectionFailedCount: 0 });
    const isPattern = properties['serializer'] === REGEX;
    const told = rig.lines.some((line) => line.includes('events so far are dropped'));
    expect(told).toBe(isPattern && rows.length < events.length);
  });

  // Flume takes the batch again and again, with what is good in it.
  it.each([
    {
      name: 'regex_optgroup',
      properties: of(REGEX, { regex: '(a)(b)?', colNames: 'one,two' }),
      events: lines('a', 'ab'),
      told: 'sink k1: group 2 of serializer.regex is no part of the match',
    },
    {
      name: 'regex_rk_empty',
      properties: of(REGEX, { regex: '(.*),(.*)', colNames: 'ROW_KEY,v', rowKeyIndex: 0 }),
      events: lines(',v1', 'k,v2'),
      told: 'sink k1: the row key is empty',
    },
  ])('$name: nothing, and the events stay in the channel', async ({ events, properties, told }) => {
    const { gateway, rig } = await open(properties);
    await putAll(rig.channel, events);
    await until(() => rig.counters.EventWriteFail > 0);
    rig.clock.advance(5000);
    await until(() => rig.counters.EventWriteFail > 1);
    await rig.stop();
    expect(rig.channel.size).toBe(2);
    expect(gateway.calls).toEqual(['schema']);
    expect(rig.lines.join()).toContain(told);
  });

  // Flume leaves such a sink out, and nothing is written.
  it.each([
    ['simple_short', of('SIMPLE'), 'unknown type SIMPLE, expected one of org.apache.flume.sink.hbase2.Simple'],
    [
      'regex_rk_nocol',
      of(REGEX, { regex: '(a)(b)', colNames: 'one,two', rowKeyIndex: 0 }),
      'rowKeyIndex is 0, but that name of colNames is one, expected ROW_KEY',
    ],
    [
      'regex_rk_range',
      of(REGEX, { regex: '(a)', colNames: 'one', rowKeyIndex: 3 }),
      'rowKeyIndex is 3, but colNames has 1 names: expected less than that',
    ],
  ] as const)('%s: nothing, since it is refused', (_name, properties, message) => {
    const problems = new Problems('conf');
    const all: Properties = { table: 't', columnFamily: 'cf', ...properties };
    const settings = new Map(Object.entries(all).map(([key, value]) => [key, { key, value: String(value), line: 1 }]));
    expect(hbase2.configure(settings, { owner: 'sink k1', line: 1, problems })).toBeUndefined();
    expect(problems.errors.map((each) => each.message).join()).toContain(message);
  });
});

function exactly(key: string | RegExp | undefined): RegExp {
  return key instanceof RegExp ? key : new RegExp(`^${(key ?? '').replaceAll('.', '\\.')}$`);
}
