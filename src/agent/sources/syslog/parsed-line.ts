/**
 * Makes an event of a line for multiport_syslogtcp, whose parser is another one than that of the other syslog sources.
 * Source: SyslogParser of Flume 1.11.
 */
import type { PlainEvent } from '../../../core/event.ts';
import { simpleDateFormat } from '../../component/time/simple-date-format.ts';
import type { KeepFields } from './keep-fields.ts';

const RFC3164_LENGTH = 15;
const RFC5424_SECONDS = 'yyyy-MM-ddTHH:mm:ss'.length;
const MONTH_FIRST = simpleDateFormat('yyyy MMM d HH:mm:ss Z');
const TIME = /^(\d{1,9})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})$/;

/** An event without its body in bytes. */
export interface ParsedLine {
  readonly headers: PlainEvent['headers'];
  readonly body: string;
}

/**
 * @param line without its newline
 * @param now in ms since 1970
 * @throws SyntaxError with what is wrong with the line
 */
export function parseSyslogLine(line: string, keep: KeepFields, now: number): ParsedLine {
  const bracket = line.indexOf('>');
  if (!line.startsWith('<')) throw new SyntaxError('there is no < at the beginning');
  if (bracket < 1 || bracket > 6) throw new SyntaxError('there is no > behind the priority');
  const priority = line.slice(1, bracket);
  if (!/^[+-]?\d+$/.test(priority)) throw new SyntaxError('the priority is no number');
  if (line.length <= bracket + 1) throw new SyntaxError('there is nothing behind the priority');
  const number = Number(priority);
  const headers: [string, string][] = [
    ['Priority', priority],
    ['Facility', String(Math.trunc(number / 8))],
    ['Severity', String(number % 8)],
  ];
  let at = bracket + 1;
  const version = line.length > at + 2 && line.startsWith('1 ', at) ? '1' : undefined;
  if (version !== undefined) {
    headers.push(['Version', version]);
    at += 2;
  }
  const time = timeAt(line, at, now);
  headers.push(['timestamp', String(time.millis)]);
  const end = line.indexOf(' ', time.end);
  if (end < 0) throw new SyntaxError('there is no host');
  const hostname = line.slice(time.end, end);
  headers.push(['host', hostname]);
  const rest = line.slice(end + 1);
  const kept =
    keep.all || rest === '' ? line : keep.prefix({ priority, version, timestamp: time.text, hostname }) + rest;
  return { headers: Object.fromEntries(headers), body: kept };
}

interface Time {
  readonly text: string;
  readonly millis: number;
  /** Where the host begins. */
  readonly end: number;
}

function timeAt(line: string, at: number, now: number): Time {
  const first = line.charAt(at);
  if (first === '-') {
    if (line.length <= at + 2) throw new SyntaxError('there is no host');
    return { text: '-', millis: now, end: at + 2 };
  }
  if (first >= 'A' && first <= 'Z') {
    if (line.length <= at + RFC3164_LENGTH) throw new SyntaxError('the time is cut off');
    const text = line.slice(at, at + RFC3164_LENGTH);
    return { text, millis: rfc3164Millis(text, now), end: at + RFC3164_LENGTH + 1 };
  }
  const end = line.indexOf(' ', at);
  if (end < 0) throw new SyntaxError('the time is cut off');
  const text = line.slice(at, end);
  return { text, millis: rfc5424Millis(text), end: end + 1 };
}

/**
 * A time such as 2003-08-24T05:14:15.000003-07:00, in ms since 1970.
 * @throws SyntaxError for one that is not written so
 */
export function rfc5424Millis(text: string): number {
  if (text.length <= RFC5424_SECONDS) throw new SyntaxError('the time has no zone');
  const seconds = secondsOf(text.slice(0, RFC5424_SECONDS));
  const [, point, fraction = '', zone = ''] = /^(?:(\.)(\d*))?(.*)$/s.exec(text.slice(RFC5424_SECONDS)) ?? [];
  if (point !== undefined && fraction === '') throw new SyntaxError('the time has no digits behind its point');
  if (zone === '') throw new SyntaxError('the time has no zone');
  const millis = seconds + Number(fraction.padEnd(3, '0').slice(0, 3));
  if (!/^[+-]/.test(zone)) return millis;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):(\d{2})/.exec(zone) ?? [];
  if (sign === undefined) throw new SyntaxError('the time has a zone that is none');
  return millis - (sign === '+' ? 1 : -1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function secondsOf(text: string): number {
  const [year, month, day, hour, minute, second] = (TIME.exec(text) ?? []).slice(1).map(Number);
  const millis = Date.UTC(year ?? Number.NaN, (month ?? 0) - 1, day, hour, minute, second);
  const date = new Date(millis);
  // Joda knows no day that its month does not have.
  if (
    Number.isNaN(millis) ||
    date.getUTCDate() !== day ||
    date.getUTCHours() !== hour ||
    (minute ?? 60) > 59 ||
    (second ?? 60) > 59
  )
    throw new SyntaxError('the time is none');
  return millis;
}

/** A time such as `Oct 11 22:14:15`, in UTC, of the year that brings it nearest; 0 for one that is none, as in Flume. */
function rfc3164Millis(text: string, now: number): number {
  const year = new Date(now).getFullYear();
  const [, day = ''] = /^\S+ +(\d+)/.exec(text) ?? [];
  const candidates = [year - 1, year, year + 1].map((each) => ({
    each,
    millis: MONTH_FIRST(`${each} ${text.replace('  ', ' ')} +0000`),
  }));
  const possible = candidates.flatMap(({ millis }) =>
    millis !== undefined && new Date(millis).getUTCDate() === Number(day) ? [millis] : [],
  );
  const inWindow = possible.find((millis) => millis > now - MONTHS_BACK && millis <= now + MONTHS_AHEAD);
  return inWindow ?? possible[0] ?? 0;
}

const MONTH = 30.5 * 86_400_000;
const MONTHS_BACK = 11 * MONTH;
const MONTHS_AHEAD = MONTH;
