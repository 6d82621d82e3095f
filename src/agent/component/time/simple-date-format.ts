/**
 * Reads times as Java's SimpleDateFormat does with a pattern: what follows the pattern is ignored, a day or an hour that does not
 * exist runs over into the next one, names are English. Source: the documentation and the behaviour of java.text.SimpleDateFormat.
 */
import { wallMs } from '../../../core/machine.ts';

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** What has been read so far. Fields that a pattern does not name stay as they are on 1970-01-01 at midnight. */
interface Read {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  milli: number;
  afternoon: boolean;
  /** Minutes east of Greenwich; undefined: the zone of the process. */
  offset: number | undefined;
}

/** Reads a piece at `at`; returns where it ends, or -1 where the text does not fit. */
type Piece = (text: string, at: number, into: Read) => number;

/** Makes a reader: the time in ms since 1970, or undefined for a text that does not begin as the pattern says. */
export type ReadDate = (text: string) => number | undefined;

/**
 * @throws SyntaxError with the letter that has no meaning or is not known here
 * @example simpleDateFormat("yyyy-MM-dd'T'HH:mm:ssZ")('2012-04-13T11:11:11+0800') // 1334286671000
 */
export function simpleDateFormat(pattern: string): ReadDate {
  const found = pattern.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']|'/g) ?? [];
  const pieces = found.map((piece, i) => pieceOf(piece, found[i + 1]));
  return (text) => {
    const read: Read = {
      year: 1970,
      month: 0,
      day: 1,
      hour: 0,
      minute: 0,
      second: 0,
      milli: 0,
      afternoon: false,
      offset: undefined,
    };
    let at = 0;
    for (const piece of pieces) {
      at = piece(text, at, read);
      if (at < 0) return undefined;
    }
    return millisOf(read);
  };
}

function millisOf({ year, month, day, hour, minute, second, milli, afternoon, offset }: Read): number {
  const hours = afternoon ? hour + 12 : hour;
  if (offset === undefined) {
    const local = new Date(2000, month, day, hours, minute, second, milli);
    // A Date takes the years 0 to 99 for those of the 20th century.
    local.setFullYear(year, month, day);
    local.setHours(hours, minute, second, milli);
    return local.getTime();
  }
  const utc = new Date(0);
  utc.setUTCFullYear(year, month, day);
  utc.setUTCHours(hours, minute, second, milli);
  return utc.getTime() - offset * 60_000;
}

function pieceOf(piece: string, next: string | undefined): Piece {
  if (piece === "'") throw new SyntaxError('a quote is not closed');
  if (piece.startsWith("'")) return literal(piece === "''" ? "'" : piece.slice(1, -1).replaceAll("''", "'"));
  if (!/^[A-Za-z]/.test(piece)) return literal(piece);
  // A number that another one follows without anything between has as many digits as letters.
  const width = next !== undefined && /^[yMdHhmsS]/.test(next) && !/^M{3}/.test(next) ? piece.length : undefined;
  const letter = piece.charAt(0);
  const plain = PLAIN[letter];
  if (letter === 'y')
    return number(width, (into, value, digits) => setYear(into, value, piece.length <= 2 && digits === 2));
  if ((letter === 'M' || letter === 'L') && piece.length > 2)
    return name(MONTHS, (into, index) => set(into, 'month', index));
  if (plain !== undefined) return number(width, (into, value) => set(into, plain[0], plain[1](value)));
  if (letter === 'a') return name(['am', 'pm'], setHalf);
  if (letter === 'E') return name(DAYS, () => {});
  if (letter === 'Z' || letter === 'X' || letter === 'z') return zone;
  throw new SyntaxError(`${letter} is not known here`);
}

type NumberOf = Exclude<keyof Read, 'afternoon' | 'offset'>;

const asItIs = (value: number): number => value;
/** What the number of a letter is set to. */
const PLAIN: Readonly<Record<string, readonly [NumberOf, (value: number) => number]>> = {
  M: ['month', (value) => value - 1],
  L: ['month', (value) => value - 1],
  d: ['day', asItIs],
  H: ['hour', asItIs],
  h: ['hour', (value) => value % 12],
  m: ['minute', asItIs],
  s: ['second', asItIs],
  S: ['milli', asItIs],
};

function set(into: Read, field: NumberOf, value: number): void {
  into[field] = value;
}

function setYear(into: Read, value: number, short: boolean): void {
  into.year = short ? nearThisCentury(value) : value;
}

function setHalf(into: Read, index: number): void {
  into.afternoon = index === 1;
}

function literal(expected: string): Piece {
  return (text, at) => (text.startsWith(expected, at) ? at + expected.length : -1);
}

function number(width: number | undefined, set: (into: Read, value: number, digits: number) => void): Piece {
  return (text, at, into) => {
    // Java skips blanks before a number.
    const [whole = '', blanks = '', digits = ''] = /^([ \t]*)(\d+)/.exec(text.slice(at)) ?? [];
    if (whole === '') return -1;
    const taken = width === undefined ? digits : digits.slice(0, width);
    set(into, Number(taken), taken.length);
    return at + blanks.length + taken.length;
  };
}

function name(names: readonly string[], set: (into: Read, index: number) => void): Piece {
  return (text, at, into) => {
    const rest = text.slice(at, at + 9).toLowerCase();
    const index = names.findIndex((whole) => rest.startsWith(whole.slice(0, 3)));
    const whole = names[index];
    if (whole === undefined) return -1;
    set(into, index);
    return at + (rest.startsWith(whole) ? whole.length : Math.min(3, whole.length));
  };
}

const zone: Piece = (text, at, into) => {
  const rest = text.slice(at);
  const [utc] = /^(?:GMT|UTC|Z)(?![+-])/.exec(rest) ?? [];
  if (utc !== undefined) {
    into.offset = 0;
    return at + utc.length;
  }
  const [whole, sign, hours, minutes = '0'] = /^(?:GMT)?([+-])(\d{2}):?(\d{2})?/.exec(rest) ?? [];
  if (whole === undefined) return -1;
  into.offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  return at + whole.length;
};

/** Java's reading of two digits: the year from 80 years ago to 20 years ahead. */
function nearThisCentury(value: number): number {
  const start = new Date(wallMs()).getFullYear() - 80;
  const year = Math.floor(start / 100) * 100 + value;
  return year < start ? year + 100 : year;
}
