/**
 * The escapes in paths and names: `%{host}` is a header, `%Y-%m-%d` a time, `%[localhost]` this machine.
 * Source: org.apache.flume.formatter.output.BucketPath of Flume 1.11.
 */
import os from 'node:os';
import { DateTime } from 'luxon';
import { StreamjobError } from '../../../core/errors.ts';

/** What a time is cut down to. */
export interface Rounding {
  readonly unit: 'second' | 'minute' | 'hour';
  /** Whole multiples of it are kept: from 1 to 60, for hours to 24. */
  readonly value: number;
}

/** How the escapes of times are made. */
export interface PathTime {
  /** A time zone by its name (`Europe/Berlin`); undefined: that of the process. */
  readonly zone?: string | undefined;
  readonly rounding?: Rounding | undefined;
  /** Whether the time is that of this machine; else it is in the header `timestamp`, in ms since 1970. */
  readonly local: boolean;
}

/** A path with its escapes filled in. @param now the time of this machine in ms since 1970 */
export type ExpandPath = (headers: Readonly<Record<string, string>>, now: number) => string;

const ESCAPE = /%(\w|%)|%\{([\w.-]+)\}|%\[(\w+)\]/g;

/** Formats of luxon by the letters of the escapes. */
const FORMATS: Readonly<Record<string, string>> = {
  a: 'ccc',
  A: 'cccc',
  b: 'LLL',
  B: 'LLLL',
  c: 'ccc LLL d HH:mm:ss yyyy',
  d: 'dd',
  D: 'LL/dd/yy',
  e: 'd',
  H: 'HH',
  I: 'hh',
  j: 'ooo',
  k: 'H',
  l: 'h',
  m: 'LL',
  M: 'mm',
  n: 'L',
  p: 'a',
  S: 'ss',
  y: 'yy',
  Y: 'yyyy',
  z: 'ZZZ',
};

/** What `%[name]` is, or undefined where there is no such name. */
function ofThisMachine(name: string): string | undefined {
  switch (name.toLowerCase()) {
    case 'localhost':
      return os.hostname().split('.')[0];
    case 'fqdn':
      return os.hostname();
    case 'ip':
      return Object.values(os.networkInterfaces())
        .flatMap((addresses) => addresses ?? [])
        .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    default:
      return undefined;
  }
}

/**
 * Cuts a time down to whole seconds, minutes or hours of its zone.
 * @param millis in ms since 1970
 * @example roundDown(1339773174000, { unit: 'minute', value: 5 }, 'UTC') // 1339773000000
 */
export function roundDown(millis: number, { unit, value }: Rounding, zone?: string): number {
  const time = DateTime.fromMillis(millis, zone === undefined ? {} : { zone });
  const whole = time[unit] - (time[unit] % value);
  return time
    .startOf(unit)
    .set({ [unit]: whole })
    .toMillis();
}

type Part = (headers: Readonly<Record<string, string>>, time: () => DateTime) => string;

/**
 * Makes the function that fills the escapes in.
 * @throws StreamjobError CONFIG_INVALID for a `%[name]` that there is not; what it returns throws EVENT_UNREADABLE for an event
 *   whose header `timestamp` is needed, and is missing or no number
 * @example pathEscapes('logs/%{host}/%Y', { local: false })({ host: 'a', timestamp: '1338696306078' }, 0) // 'logs/a/2012'
 */
export function pathEscapes(pattern: string, time: PathTime): ExpandPath {
  const parts: (string | Part)[] = [];
  let from = 0;
  for (const match of pattern.matchAll(ESCAPE)) {
    parts.push(pattern.slice(from, match.index), partOf(match));
    from = match.index + match[0].length;
  }
  parts.push(pattern.slice(from));
  const { local, rounding, zone } = time;
  return (headers, now) => {
    let known: DateTime | undefined;
    // The time is looked at once, so that all escapes of a path are of the same moment.
    const when = (): DateTime => {
      const millis = local ? now : timestampOf(headers);
      known ??= DateTime.fromMillis(rounding === undefined ? millis : roundDown(millis, rounding, zone), {
        ...(zone === undefined ? {} : { zone }),
        locale: 'en',
      });
      return known;
    };
    return parts.map((part) => (typeof part === 'string' ? part : part(headers, when))).join('');
  };
}

function partOf([whole, letter, header, name]: RegExpMatchArray): string | Part {
  if (header !== undefined) return (headers) => (Object.hasOwn(headers, header) ? (headers[header] as string) : '');
  if (name !== undefined) {
    const text = ofThisMachine(name);
    if (text !== undefined) return text;
    throw new StreamjobError('CONFIG_INVALID', `${whole} is unknown, or not known of this machine`, {
      hint: 'known are %[localhost], %[IP] and %[FQDN]',
    });
  }
  if (letter === '%') return '%';
  if (letter === 't') return (_headers, time) => time().toMillis().toString();
  if (letter === 's') return (_headers, time) => Math.floor(time().toSeconds()).toString();
  const format = FORMATS[letter as string];
  // Flume leaves out what it does not know, too.
  return format === undefined ? '' : (_headers, time) => time().toFormat(format);
}

function timestampOf(headers: Readonly<Record<string, string>>): number {
  const text = headers['timestamp'];
  const millis = text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(millis) <= 8.64e15) return millis;
  const what = text === undefined ? 'has no header timestamp' : `has ${JSON.stringify(text)} as its header timestamp`;
  throw new StreamjobError('EVENT_UNREADABLE', `an event ${what}, which the time in a path is made of`, {
    hint: 'set it with the interceptor timestamp, or use the time of this machine (useLocalTimeStamp = true)',
  });
}
