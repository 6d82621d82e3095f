/**
 * The forms of syslog messages that syslogtcp and syslogudp know: RFC 5424, RFC 3164, and one of the user's.
 * Source: SyslogUtils of Flume 1.11, whose regular expressions decide what a message's head is.
 */
import { JavaPattern } from '../../component/pattern/pattern.ts';
import { type ReadDate, simpleDateFormat } from '../../component/time/simple-date-format.ts';
import type { Head } from './keep-fields.ts';

/** The parts of a message. */
export interface Parts extends Head {
  /** In ms since 1970; undefined: there is none, or it is no time. */
  readonly millis: number | undefined;
  readonly body: string | undefined;
}

/** A form of messages. */
export interface Format {
  readonly pattern: JavaPattern;
  /** What is replaced in the text of the time, in this order, before it is read. */
  readonly replace: readonly ((text: string) => string)[];
  /** The first that can read it counts. */
  readonly dates: readonly ReadDate[];
  /** Whether the time has no year. */
  readonly yearless: boolean;
}

/** A form of the user's: the properties format.regex, format.search, format.replace, format.dateFormat. */
export interface OwnFormat {
  readonly regex: JavaPattern;
  readonly search: JavaPattern | undefined;
  readonly replace: string | undefined;
  readonly dateFormat: string | undefined;
}

const replaced = (pattern: string, by: string): ((text: string) => string) => new JavaPattern(pattern).replacement(by);

const PRIORITY = '<(\\d{1,3})>';
const RFC5424: Format = {
  pattern: new JavaPattern(
    `${PRIORITY}(?:(\\d?)\\s?)(?:(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,6})?(?:[+-]\\d{2}:\\d{2}|Z)?)|-)\\s(?:(\\w[\\w.@-]*)|-)\\s(.*)`,
  ),
  replace: [
    replaced('Z', '+0000'),
    replaced('([+-])(\\d{2}):(\\d{2})', '$1$2$3'),
    // Java reads no microseconds.
    replaced('(T\\d{2}:\\d{2}:\\d{2}\\.\\d{3})(\\d*)', '$1'),
  ],
  // The first ends before a zone, so that the zone of a time with a fraction is not looked at: Flume's order.
  dates: ["yyyy-MM-dd'T'HH:mm:ss.S", "yyyy-MM-dd'T'HH:mm:ss.SZ", "yyyy-MM-dd'T'HH:mm:ssZ", "yyyy-MM-dd'T'HH:mm:ss"].map(
    simpleDateFormat,
  ),
  yearless: false,
};
const RFC3164: Format = {
  pattern: new JavaPattern(
    `${PRIORITY}(?:(\\d)?\\s?)([A-Z][a-z][a-z]\\s{1,2}\\d{1,2}\\s\\d{2}:\\d{2}:\\d{2})\\s(\\w[\\w.@-]*)\\s(.*)`,
  ),
  replace: [replaced('  ', ' ')],
  dates: [simpleDateFormat('yyyyMMM d HH:mm:ss')],
  yearless: true,
};

/** The forms that are tried one after the other, the user's first. */
export function formats(own: OwnFormat | undefined): readonly Format[] {
  if (own === undefined) return [RFC5424, RFC3164];
  const { dateFormat, regex, replace, search } = own;
  const first: Format = {
    pattern: regex,
    replace: search === undefined || replace === undefined ? [] : [search.replacement(replace)],
    dates: dateFormat === undefined ? [] : [simpleDateFormat(dateFormat)],
    yearless: false,
  };
  return [first, RFC5424, RFC3164];
}

/**
 * The parts of a message by the first form that fits.
 * @param now in ms since 1970, for times without a year
 * @returns undefined when none fits
 */
export function partsOf(message: string, known: readonly Format[], now: number): Parts | undefined {
  for (const format of known) {
    const found = format.pattern.match(message);
    if (found === undefined) continue;
    // Groups that a form of the user's does not have are missing.
    const [priority, version, timestamp, hostname, body] = [1, 2, 3, 4, 5].map((group) =>
      group <= format.pattern.groups ? found.group(group) : undefined,
    );
    const millis = timestamp === undefined ? undefined : millisOf(timestamp, format, now);
    return { priority, version, timestamp, hostname, body, millis };
  }
  return undefined;
}

function millisOf(timestamp: string, { dates, replace, yearless }: Format, now: number): number | undefined {
  const text = replace.reduce((before, change) => change(before), timestamp);
  const dated = yearless ? `${new Date(now).getUTCFullYear()}${text}` : text;
  for (const read of dates) {
    const millis = read(dated);
    if (millis !== undefined) return yearless ? nearNow(millis, now) : millis;
  }
  return undefined;
}

/** A time whose year was guessed: not more than eleven months ago, nor more than one month ahead. */
function nearNow(millis: number, now: number): number {
  if (millis > now && addMonths(millis, -1) > now) return addMonths(millis, -12);
  if (millis < now && addMonths(millis, 11) < now) return addMonths(millis, 12);
  return millis;
}

/** As Java's Calendar.add: a day that the month does not have becomes its last one. */
function addMonths(millis: number, months: number): number {
  const date = new Date(millis);
  const day = date.getDate();
  date.setDate(1);
  date.setMonth(date.getMonth() + months);
  date.setDate(Math.min(day, new Date(date.getFullYear(), date.getMonth() + 1, 0).getDate()));
  return date.getTime();
}
