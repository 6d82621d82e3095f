/**
 * Reads times that are written as a pattern of Joda-Time says, which is what Flume's configuration files have.
 * The pattern becomes one of luxon's. Source: the documentation of org.joda.time.format.DateTimeFormat.
 */
import { DateTime } from 'luxon';

/** What luxon has for a run of a letter, by how often the letter stands there; undefined: it has nothing like it. */
type Token = (count: number, beforeDigits: boolean) => string | undefined;

const short =
  (token: string): Token =>
  () =>
    token;
const named =
  (number: string, abbreviated: string, full: string): Token =>
  (count) =>
    count > 3 ? full : count === 3 ? abbreviated : number;

const TOKENS: Readonly<Record<string, Token>> = {
  G: short('G'),
  // A year that digits follow has as many digits as letters; any other one takes what is there.
  y: (count, beforeDigits) => (count === 2 ? 'yy' : beforeDigits && count === 4 ? 'yyyy' : 'y'),
  Y: (count, beforeDigits) => (count === 2 ? 'yy' : beforeDigits && count === 4 ? 'yyyy' : 'y'),
  x: (count) => (count === 2 ? 'kk' : 'kkkk'),
  w: short('W'),
  e: short('c'),
  E: (count) => (count > 3 ? 'cccc' : 'ccc'),
  D: short('o'),
  M: named('M', 'LLL', 'LLLL'),
  d: short('d'),
  a: short('a'),
  h: short('h'),
  H: short('H'),
  m: short('m'),
  s: short('s'),
  S: short('u'),
  Z: (count) => (count === 1 ? 'ZZZ' : count === 2 ? 'ZZ' : 'z'),
};

/** Letters of Joda's that luxon has nothing for. */
const WITHOUT: Readonly<Record<string, string>> = {
  C: 'centuries',
  K: 'hours from 0 to 11',
  k: 'hours from 1 to 24',
  z: 'names of time zones',
};

const NUMBERS = 'yYxweDdhHmsSM';

/**
 * Makes a reader of times.
 * @returns the time in ms since 1970, or undefined for a text that is not written so
 * @throws SyntaxError with what is wrong with the pattern
 * @example jodaReader('yyyy-MM-dd HH:mm')('2012-10-17 14:34') // 1350484440000 where the local zone is UTC
 */
export function jodaReader(pattern: string): (text: string) => number | undefined {
  const format = luxonFormat(pattern);
  const parser = DateTime.buildFormatParser(format, { locale: 'en' });
  return (text) => {
    const time = DateTime.fromFormatParser(text, parser, { locale: 'en' });
    return time.isValid ? time.toMillis() : undefined;
  };
}

function luxonFormat(pattern: string): string {
  if (pattern === '') throw new SyntaxError('it is empty');
  const pieces = pattern.match(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'/g) ?? [];
  return pieces.map((piece, i) => luxonPiece(piece, NUMBERS.includes((pieces[i + 1] ?? '-').charAt(0)))).join('');
}

function luxonPiece(piece: string, beforeDigits: boolean): string {
  if (piece === "'") throw new SyntaxError('a quote is not closed');
  // Two quotes are one, within a quoted text and without.
  if (piece.startsWith("'")) return piece === "''" ? quoted("'") : quoted(piece.slice(1, -1).replaceAll("''", "'"));
  if (!/^[A-Za-z]/.test(piece)) return quoted(piece);
  const letter = piece.charAt(0);
  const without = WITHOUT[letter];
  if (without !== undefined) throw new SyntaxError(`${letter} stands for ${without}, which cannot be read here`);
  const token = TOKENS[letter]?.(piece.length, beforeDigits);
  if (token === undefined) throw new SyntaxError(`${letter} has no meaning`);
  return token;
}

/** As luxon quotes, where two quotes that follow each other stand for one. */
function quoted(text: string): string {
  return text
    .split(/(')/)
    .filter((part) => part !== '')
    .map((part) => (part === "'" ? "''" : /^[^A-Za-z]*$/.test(part) ? part : `'${part}'`))
    .join('');
}
