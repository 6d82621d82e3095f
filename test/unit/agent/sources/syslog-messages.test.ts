/** Where syslog messages begin and end, which headers they get, and what becomes of those that are none. */
import { describe, expect, it } from 'vitest';
import { JavaPattern } from '../../../../src/agent/component/pattern/pattern.ts';
import { formats, type OwnFormat } from '../../../../src/agent/sources/syslog/formats.ts';
import { keepFields } from '../../../../src/agent/sources/syslog/keep-fields.ts';
import { SyslogReader } from '../../../../src/agent/sources/syslog/message.ts';
import { parseSyslogLine, rfc5424Millis } from '../../../../src/agent/sources/syslog/parsed-line.ts';
import { SizedLines } from '../../../../src/agent/sources/syslog/sized-lines.ts';

const NOW = Date.parse('2026-06-15T12:00:00Z');

function reader({ keep = 'none', eventSize = 2500, own }: { keep?: string; eventSize?: number; own?: OwnFormat } = {}) {
  return new SyslogReader({ formats: formats(own), keep: keepFields(keep), eventSize, now: () => NOW });
}

function read(text: string, options: Parameters<typeof reader>[0] = {}) {
  return reader(options)
    .feed(Buffer.from(text))
    .map(({ body, headers }) => [Buffer.from(body).toString(), headers] as const);
}

const head = { Facility: '1', Severity: '2', priority: '10' };
const invalid = { Facility: '0', Severity: '0', 'flume.syslog.status': 'Invalid' };

describe('messages of a stream', () => {
  it.each([
    [
      '<10>1 2012-04-13T11:11:11+08:00 h.x some msg',
      'some msg',
      { ...head, version: '1', host: 'h.x', timestamp: '1334286671000' },
    ],
    ['<10>2012-04-13T11:11:11Z h some msg', 'some msg', { ...head, host: 'h', timestamp: '1334315471000' }],
    ['<10>1 - - some msg', 'some msg', { ...head, version: '1' }],
    ['<10>Good good data', '<10>Good good data', { Facility: '1', Severity: '2' }],
    ['<999>x', '<999>x', { Facility: '124', Severity: '7' }],
    ['<>x', '<>x', invalid],
    ['<1234>x', '<1234>x', invalid],
    ['<1a>x', '<1a>x', invalid],
    ['x <10>y', 'x <10>y', invalid],
  ])('%s', (line, body, headers) => {
    expect(read(`${line}\n`)).toEqual([[body, headers]]);
  });

  it('may come byte by byte, several at once, and with empty lines between them', () => {
    const text = '<10>a\n\n\n<11>b\nnone\n<12';
    const byBytes = reader();
    const one = [...text].flatMap((char) => byBytes.feed(Buffer.from(char)));
    const whole = reader().feed(Buffer.from(text));
    expect(one).toEqual(whole);
    expect(whole.map(({ body }) => Buffer.from(body).toString())).toEqual(['<10>a', '<11>b', 'none']);
    expect(byBytes.feed(Buffer.from('>c\n')).map(({ body }) => Buffer.from(body).toString())).toEqual(['<12>c']);
  });

  it('are cut at the largest size, their rest makes events of its own, and sizes below 10 are 10', () => {
    const events = read('<10>bad bad data bad\n', { eventSize: 5 });
    expect(events.map(([body, headers]) => [body, headers['flume.syslog.status']])).toEqual([
      ['<10>bad ba', 'Incomplete'],
      ['d data bad', 'Invalid'],
    ]);
  });

  it('keep bytes of their body that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('<10>1 - h '), Buffer.of(0xff, 0xe9, 0x85), Buffer.from('x\n')]);
    const [event] = reader({ keep: 'hostname' }).feed(bytes);
    expect(Buffer.from(event?.body ?? []).toString('latin1')).toBe('h \xff\xe9\x85x');
  });

  it('give the priority of the last known one to those that have none, as Flume', () => {
    expect(read('<10>1 - h a\nnone\n')[1]).toEqual(['none', { ...invalid, priority: '10', version: '1' }]);
  });

  it.each([
    ['Jun  5 10:00:00', '2026-06-05T10:00:00'],
    ['Aug 16 12:00:00', '2025-08-16T12:00:00'],
    ['Jul 14 12:00:00', '2026-07-14T12:00:00'],
    ['Jun 31 10:00:00', '2026-07-01T10:00:00'],
    ['Jun  5 25:00:00', '2026-06-06T01:00:00'],
  ])('have the year that is near: %s', (time, expected) => {
    const [[, headers] = ['', {}]] = read(`<10>${time} h m\n`);
    // Times without a zone are of the zone of the process.
    expect(headers['timestamp']).toBe(String(new Date(expected).getTime()));
  });

  it.each([
    ['priority version', '<10>1 m'],
    ['timestamp,hostname', '2012-04-13T11:11:11Z h m'],
    ['ALL', '<10>1 2012-04-13T11:11:11Z h m'],
    ['true', '<10>1 2012-04-13T11:11:11Z h m'],
    ['nonsense', 'm'],
  ])('keep what keepFields = %s says', (keep, body) => {
    expect(read('<10>1 2012-04-13T11:11:11Z h m\n', { keep })[0]?.[0]).toBe(body);
  });

  it("are read by the user's form first", () => {
    const own: OwnFormat = {
      regex: new JavaPattern('<(\\d+)>(v\\d) \\[(.*?)\\] (\\S+): (.*)'),
      search: new JavaPattern(' UTC'),
      replace: ' +0000',
      dateFormat: 'dd/MMM/yyyy HH:mm:ss Z',
    };
    expect(read('<10>v2 [07/Jun/2012 14:46:44 UTC] web: m\n<10>1 - h other\n', { own })).toEqual([
      ['m', { ...head, version: 'v2', host: 'web', timestamp: '1339080404000' }],
      ['other', { ...head, version: '1', host: 'h' }],
    ]);
  });
});

describe('messages in datagrams', () => {
  it.each([
    ['<10>1 - h m', 'm', { ...head, version: '1', host: 'h' }],
    ['\n<10>1 - h m\n<11>ignored', 'm', { ...head, version: '1', host: 'h' }],
    ['<12', '<12', { Facility: '1', Severity: '4' }],
    ['<', '<', invalid],
  ])('%j', (text, body, headers) => {
    const event = reader().datagram(Buffer.from(text));
    expect([Buffer.from(event?.body ?? []).toString(), event?.headers]).toEqual([body, headers]);
  });

  it('are none when there is nothing in it', () => {
    expect(reader().datagram(Buffer.from('\n\n'))).toBeUndefined();
  });
});

describe('lines of multiport_syslogtcp', () => {
  it('are cut at the largest size with their newline', () => {
    const lines = new SizedLines(5);
    const read = ['abc', 'd\nabcdefg', 'h\n\nx\n'].flatMap((text) => lines.feed(Buffer.from(text)));
    expect(read.map(({ bytes, cut }) => [bytes.toString(), cut])).toEqual([
      ['abcd', false],
      ['abcde', true],
      ['fgh', false],
      ['x', false],
    ]);
  });

  it.each([
    [
      '<34>1 2003-10-11T22:14:15.003Z h - x',
      { Priority: '34', Facility: '4', Severity: '2', Version: '1', timestamp: '1065910455003', host: 'h' },
      '- x',
    ],
    [
      '<13>2003-08-24T05:14:15.25+02:00 h m',
      { Priority: '13', Facility: '1', Severity: '5', timestamp: '1061694855250', host: 'h' },
      'm',
    ],
    ['<13>- - m', { Priority: '13', Facility: '1', Severity: '5', timestamp: String(NOW), host: '-' }, 'm'],
    ['<13>Feb 30 17:32:18 h m', { Priority: '13', Facility: '1', Severity: '5', timestamp: '0', host: 'h' }, 'm'],
    [
      '<13>Jul 10 00:00:00 h m',
      { Priority: '13', Facility: '1', Severity: '5', timestamp: String(Date.UTC(2026, 6, 10)), host: 'h' },
      'm',
    ],
    [
      '<13>Aug 10 00:00:00 h m',
      { Priority: '13', Facility: '1', Severity: '5', timestamp: String(Date.UTC(2025, 7, 10)), host: 'h' },
      'm',
    ],
  ])('%s', (line, headers, body) => {
    expect(parseSyslogLine(line, keepFields('none'), NOW)).toEqual({ headers, body });
    expect(parseSyslogLine(line, keepFields('all'), NOW).body).toBe(line);
  });

  it.each([
    '',
    'x',
    '<13',
    '<13>',
    '<>m',
    '<13>m',
    '<1000>x y',
    '<13>2003-08-24T05:14:15 h m',
    '<13>2003-02-30T05:14:15Z h m',
    '<13>- h',
  ])('%j is none', (line) => {
    expect(() => parseSyslogLine(line, keepFields('none'), NOW)).toThrow(SyntaxError);
  });

  it.each([
    ['2003-08-24T05:14:15.000003-07:00', 1061727255000],
    ['1985-04-12T19:20:50.52-04:00', 482196050520],
  ])('the time %s', (text, millis) => {
    expect(rfc5424Millis(text)).toBe(millis);
  });
});
