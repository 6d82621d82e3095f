/** The cases: one for each file of cases/. */
import { appendFileSync } from 'node:fs';
import { RpcClient } from '../../../src/agent.ts';
import { ALIVE } from './alive.ts';
import { type DifferentialCase, inside, type Outcome, overHttp, overTcp, overUdp } from './case.ts';
import { CONTAINERS } from './containers.ts';
import type { Surroundings } from './surroundings.ts';

const LINES = Array.from({ length: 20 }, (_, i) => `line-${i} text`);
const TEXT = `${LINES.join('\n')}\n`;
const TWO_FILES = { 'a.log': 'a1\na2\n', 'b.log': 'b1\nb2\nb3\n' };
const done = (...names: string[]): string[] => names.map((name) => `${name}.COMPLETED`);

const RFC3164 = '<34>Oct 11 22:14:15 mymachine su: it failed\n';
const RFC5424 = [
  '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - the message\n',
  '<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - it failed\n',
  '<13>1 - - app - - - neither time nor host\n',
];

/** What real Flume makes of events becomes something else. */
function changed(change: (arrived: Outcome['arrived']) => Outcome['arrived']): (outcome: Outcome) => Outcome {
  return (outcome) => ({ ...outcome, arrived: change(outcome.arrived) });
}

/** Lines of headers and bodies with the headers of file-roll-many-headers in the order in which they are set. */
function asTheyWereSet(written: Outcome['written']): Outcome['written'] {
  const order = [
    'basename',
    'zone',
    'app',
    'env',
    Buffer.from('\u00fcn\u00efcode').toString('latin1'),
    'a-long-name-of-a-header',
    'b',
  ];
  const place = (pair: string): number => order.indexOf(pair.split('=')[0] ?? '');
  const lines = (text: string): string =>
    text.replace(/^\{(.*)\} /gm, (_, pairs: string) => {
      const sorted = pairs.split(', ').sort((a, b) => place(a) - place(b));
      return `{${sorted.join(', ')}} `;
    });
  return Object.fromEntries(Object.entries(written).map(([name, text]) => [name, lines(text)]));
}

async function sendAvro(given: Surroundings, compressionLevel?: number): Promise<void> {
  const client = await RpcClient.connect({
    hosts: [`127.0.0.1:${given.listen}`],
    batchSize: 3,
    ...(compressionLevel === undefined ? {} : { compression: 'deflate' as const }),
  });
  const events = LINES.map((line, i) => ({ headers: { i: String(i), ü: 'ß' }, body: Buffer.from(line) }));
  await client.appendBatch(events.slice(0, 12));
  for (const event of events.slice(12)) await client.append(event);
  await client.close();
}

const SPOOLED: readonly DifferentialCase[] = [
  { name: 'spooldir', files: TWO_FILES, arrive: 5, left: done('a.log', 'b.log') },
  {
    name: 'spooldir-headers',
    files: TWO_FILES,
    arrive: 5,
    left: done('a.log', 'b.log'),
  },
  {
    name: 'spooldir-long-lines',
    files: { 'a.log': `short\n${'0123456789'.repeat(2)}abc\nend\n` },
    arrive: 5,
    left: done('a.log'),
  },
  {
    name: 'spooldir-latin1',
    files: { 'a.log': Buffer.from('gr\u00fc\u00dfe\nx\n', 'latin1') },
    arrive: 2,
    left: done('a.log'),
  },
  {
    name: 'spooldir-utf16',
    files: { 'a.log': Buffer.from('grüße\n\ud83d\ude00 x\n', 'utf16le') },
    arrive: 2,
    left: done('a.log'),
  },
  {
    name: 'spooldir-replace',
    files: { 'a.log': Buffer.from('a\xffb\nc\n', 'latin1') },
    arrive: 2,
    left: done('a.log'),
  },
  { name: 'spooldir-ignore', files: { 'a.log': Buffer.from('a\xffb\nc\n', 'latin1') }, arrive: 2, left: done('a.log') },
  {
    name: 'spooldir-patterns',
    files: { 'a.log': 'a\n', 'b.log': 'b\n', 'c.txt': 'c\n', 'd.log': 'd\n' },
    arrive: 2,
    left: ['a.log.COMPLETED', 'b.log', 'c.txt', 'd.log.COMPLETED'],
  },
  { name: 'spooldir-youngest', files: TWO_FILES, arrive: 5, left: done('a.log', 'b.log') },
  { name: 'spooldir-removed', files: TWO_FILES, arrive: 5, left: [] },
  {
    name: 'spooldir-recursive',
    files: { 'a.log': 'a\n', 'sub/b.log': 'b\n', 'sub/deep/c.log': 'c\n', '.hidden/d.log': 'd\n' },
    arrive: 3,
    left: done('a.log', 'sub/b.log', 'sub/deep/c.log'),
  },
  { name: 'spooldir-tracked', files: TWO_FILES, arrive: 5, left: ['a.log', 'b.log'] },
  {
    name: 'spooldir-empty',
    files: { 'a.log': '', 'b.log': 'no end', 'c.log': '\n' },
    arrive: 3,
    left: done('a.log', 'b.log', 'c.log'),
  },
  {
    name: 'spooldir-blob',
    files: { 'a.bin': 'line 1\nli', 'b.bin': Buffer.from('abcdefghijkl\u00ff\n\r\nz', 'latin1'), 'c.bin': '' },
    arrive: 4,
    left: done('a.bin', 'b.bin', 'c.bin'),
  },
  {
    name: 'spooldir-avro-hash',
    files: CONTAINERS,
    arrive: 18,
    left: done('a.avro', 'b.avro', 'c.avro'),
  },
  { name: 'spooldir-avro-literal', files: CONTAINERS, arrive: 18, left: done('a.avro', 'b.avro', 'c.avro') },
  { name: 'spooldir-suffix', files: { 'a.log': 'a\n', 'b.done': 'b\n' }, arrive: 1, left: ['a.log.done', 'b.done'] },
];

const EXEC: readonly DifferentialCase[] = [
  { name: 'exec', files: { 'a.log': 'a\r\nb\rc\n\nlast' }, arrive: 5 },
  { name: 'exec-shell', arrive: 3 },
  { name: 'exec-stderr', arrive: 1 },
  { name: 'exec-charset', files: { 'a.log': Buffer.from('gr\u00fc\u00dfe\n', 'latin1') }, arrive: 1 },
];

const NETWORK: readonly DifferentialCase[] = [
  { name: 'netcat', arrive: 3, feed: (given) => overTcp(given, 'a\nb ü\n\r\nunfinished', 3) },
  { name: 'netcat-quiet', arrive: 2, feed: (given) => overTcp(given, 'a\nb\n') },
  { name: 'netcat-long', arrive: 1, feed: (given) => overTcp(given, 'short\n0123456789abcdef\nnever\n', 5) },
  { name: 'netcat-encoding', arrive: 1, feed: (given) => overTcp(given, Buffer.from('a ü\n', 'utf16le').swap16(), 1) },
  {
    name: 'netcatudp',
    arrive: 2,
    masked: { from: /^\/127\.0\.0\.1:\d+$/ },
    feed: (given) => overUdp(given, 'one\n', 'two\nrest'),
  },
  {
    name: 'syslogtcp',
    arrive: 5,
    feed: (given) => overTcp(given, [...RFC5424, RFC3164, 'no syslog at all\n'].join('')),
    masked: {},
  },
  { name: 'syslogtcp-fields', arrive: 4, feed: (given) => overTcp(given, [...RFC5424, RFC3164].join('')) },
  { name: 'syslogtcp-some-fields', arrive: 4, feed: (given) => overTcp(given, [...RFC5424, RFC3164].join('')) },
  {
    name: 'syslogtcp-long',
    arrive: 3,
    feed: (given) => overTcp(given, `<34>Oct 11 22:14:15 host ${'0123456789'.repeat(6)}\n`),
  },
  { name: 'syslogtcp-client', arrive: 1, feed: (given) => overTcp(given, RFC3164) },
  { name: 'syslogudp', arrive: 4, feed: (given) => overUdp(given, ...RFC5424, RFC3164) },
  { name: 'syslogudp-fields', arrive: 2, feed: (given) => overUdp(given, RFC5424[0] ?? '', RFC3164) },
  {
    name: 'multiport-syslogtcp',
    arrive: 3,
    masked: { port: /^\d+$/ },
    feed: (given) => overTcp(given, [RFC5424[0], RFC5424[1], '<34>no time\n'].join('')),
  },
  {
    name: 'http-json',
    arrive: 4,
    feed: (given) =>
      overHttp(
        given,
        { body: '[{"headers":{"a":"1","ü":"ß"},"body":"one"},{"headers":{},"body":"two"}]' },
        { body: '[{"body":"no headers"}]', path: '/any/path' },
        { body: '[{"headers":{"n":5},"body":"a number"}]' },
        { body: '{"headers":{},"body":"no list"}' },
        { body: '[{"headers":' },
        { body: '[]' },
        { method: 'PUT', body: '[]' },
      ),
  },
  {
    name: 'http-blob',
    arrive: 1,
    feed: (given) =>
      overHttp(
        given,
        { body: 'any ü bytes', path: '/x?who=me&where=here&who=you&more=%C3%BC', type: 'text/plain' },
        { body: 'nobody', path: '/?where=here' },
      ),
  },
  { name: 'avro', arrive: 20, feed: (given) => sendAvro(given) },
  { name: 'avro-deflate', arrive: 20, feed: (given) => sendAvro(given, 6) },
  {
    name: 'taildir',
    files: { 'a.log': 'a1\na2\r\n', 'b.log': 'b1\nhalf', 'x.txt': 'x\n', 'y.txt': 'never\n' },
    arrive: 6,
    unordered: true,
    feed: async (given) => appendFileSync(inside(given, 'b.log'), ' a line\nb3\n'),
  },
  {
    name: 'taildir-headers',
    files: { 'a.log': 'a1\na2 ü\na3\n', 'x.txt': 'x\n' },
    arrive: 4,
    unordered: true,
  },
];

const OTHERS: readonly DifferentialCase[] = [
  { name: 'seq', arrive: 25 },
  { name: 'seq-batches', arrive: 25 },
  { name: 'stress', arrive: 12 },
  { name: 'interceptor-timestamp', files: { 'a.log': TEXT }, arrive: 20, masked: { timestamp: /^\d{13}$/ } },
  { name: 'interceptor-host', files: { 'a.log': 'a\n' }, arrive: 1 },
  { name: 'interceptor-static', files: { 'a.log': 'a\n' }, arrive: 1 },
  {
    name: 'interceptor-uuid',
    files: { 'a.log': 'a\nb\n' },
    arrive: 2,
    masked: { event: /^x-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/ },
  },
  { name: 'interceptor-search-replace', files: { 'a.log': `${TEXT}no match\nab-1 cd-22\n` }, arrive: 22 },
  { name: 'interceptor-search-replace-classes', files: { 'a.log': 'Bell rings\tTWICE\nüß e E\n' }, arrive: 2 },
  { name: 'interceptor-regex-filter', files: { 'a.log': TEXT }, arrive: 10 },
  { name: 'interceptor-regex-filter-excluded', files: { 'a.log': 'lower\nUpper\nÜ\n' }, arrive: 2 },
  {
    name: 'interceptor-regex-extractor',
    files: { 'a.log': 'ab-12 cd-34\nab-12x\nnothing\n' },
    arrive: 3,
    arriveFromFlume: 0,
    wanted: {
      reason:
        'a group that takes no part sets no header: Flume sets one without a value, which its Avro sink fails at for ever',
      change: changed(() =>
        [
          { body: 'ab-12 cd-34', headers: { number: '12', word: 'ab' } },
          { body: 'ab-12x', headers: { number: '12', word: 'ab', x: 'x' } },
          { body: 'nothing', headers: {} },
        ].map((event) => ({ at: 'collector', ...event })),
      ),
    },
  },
  {
    name: 'interceptor-regex-extractor-time',
    files: { 'a.log': 'at 2024-02-29 23:59 leap\nat 2024-07-01 00:00 summer\n' },
    arrive: 2,
  },
  { name: 'interceptor-remove-header', files: { 'a.log': 'a\n' }, arrive: 1 },
  { name: 'interceptor-chain', files: { 'a.log': 'this is secret\nno more\n' }, arrive: 2 },
  { name: 'channel-file', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'channel-spillable', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'file-roll', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'file-roll-joined', files: { 'a.log': 'ab\ncd\n' }, arrive: 1 },
  { name: 'file-roll-names', files: { 'a.log': 'a\n' }, arrive: 1 },
  { name: 'file-roll-headers', files: { 'a.log': 'a\nb\n' }, arrive: 2 },
  {
    name: 'file-roll-many-headers',
    files: { 'a.log': 'a\nb\n' },
    arrive: 2,
    wanted: {
      reason:
        'headers stand in the order in which they were set; in Flume in the order of a HashMap, which depends on how it was filled',
      change: (outcome) => ({ ...outcome, written: asTheyWereSet(outcome.written) }),
    },
  },
  { name: 'sink-http', files: { 'a.log': 'a\nb ü\n' }, arrive: 2 },
  { name: 'sink-avro-deflate', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'sink-null', files: { 'a.log': TEXT }, arrive: 0, left: done('a.log') },
  { name: 'selector-replicating', files: { 'a.log': TEXT }, arrive: 40, unordered: true },
  { name: 'selector-optional', files: { 'a.log': TEXT }, arrive: 40, unordered: true },
  { name: 'selector-multiplexing', files: { 'a.log': 'a1\na2\na3\nb1\nno\n' }, arrive: 6, unordered: true },
  { name: 'selector-multiplexing-dropped', files: { 'a.log': 'a1\na2\na3\nb1\nno\n' }, arrive: 3, unordered: true },
  { name: 'processor-failover', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'processor-load-balance', files: { 'a.log': TEXT }, arrive: 20 },
  { name: 'variables', files: { 'a.log': 'a\n' }, arrive: 1 },
];

/** All cases. */
export const CASES: readonly DifferentialCase[] = [...SPOOLED, ...EXEC, ...NETWORK, ...OTHERS, ...ALIVE];
