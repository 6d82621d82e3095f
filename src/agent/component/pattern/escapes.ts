/** Single characters of a pattern, and what a backslash makes of them. */
import type { Mode, Piece } from './piece.ts';

/** Classes by the letter behind the backslash, as what stands between brackets; an upper-case letter is all others. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'a-zA-Z_0-9',
  s: ' \\t\\n\\x0B\\f\\r',
  h: ' \\t\\xA0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  v: '\\n\\x0B\\f\\r\\x85\\u2028\\u2029',
};
/** POSIX classes of ASCII, as \p{…}. */
const POSIX: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0B\\f\\r',
};
const JAVA: Readonly<Record<string, string>> = {
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaWhitespace: '\\t\\n\\x0B\\f\\r\\x1C-\\x1F[\\p{Z}--[\\xA0\\u2007\\u202F]]',
};
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, a: 7, e: 27 };

/** A character that stands for itself, in or outside of a class. */
export function literal(point: string, { ignoresCase, unicodeCase }: Mode): string {
  const text = escaped(point);
  if (!ignoresCase || unicodeCase || !/^[A-Za-z]$/.test(point)) return text;
  return `[${point.toLowerCase()}${point.toUpperCase()}]`;
}

/** As v has it: all that could mean something is written by its number. */
export function escaped(point: string): string {
  return /^[A-Za-z0-9 _]$/.test(point) ? point : `\\u{${(point.codePointAt(0) as number).toString(16)}}`;
}

/** What a backslash begins, outside of a class. @throws SyntaxError */
export function escapeAt(source: string, at: number, mode: Mode): Piece {
  if (source[at + 1] === 'R') return { text: '(?:\\r\\n|[\\n\\x0B\\f\\r\\x85\\u2028\\u2029])', end: at + 2 };
  const set = setAt(source, at);
  if (set !== undefined) return { text: `[${set.text}]`, end: set.end };
  const { end, point } = characterAt(source, at);
  return { text: literal(point, mode), end };
}

/** A class that a backslash stands for, as what stands between brackets; undefined: it is a character. @throws SyntaxError */
export function setAt(source: string, at: number): Piece | undefined {
  const char = source[at + 1] ?? '';
  const set = CLASSES[char.toLowerCase()];
  if (set !== undefined) return { text: char === char.toLowerCase() ? set : `[^${set}]`, end: at + 2 };
  if (char !== 'p' && char !== 'P') return undefined;
  const named = /^\\[pP](?:\{(\^?)(\w+)(?:=(\w+))?\}|(\w))/.exec(source.slice(at));
  if (named === null) throw new SyntaxError(`\\${char} is followed by {the name of a class}`);
  const [whole, , name = '', value, letter] = named;
  const inside = propertyOf(letter ?? name, value);
  const isNegated = (char === 'P') !== (named[1] === '^');
  return { text: isNegated ? `[^${inside}]` : inside, end: at + whole.length };
}

function propertyOf(name: string, value: string | undefined): string {
  const own = value === undefined ? (POSIX[name] ?? JAVA[name]) : undefined;
  if (own !== undefined) return own;
  const plain = name.replace(/^Is/, '');
  const candidates =
    value === undefined
      ? [plain, `Script=${plain}`]
      : [`${/^(?:IsScript|script|sc)$/i.test(name) ? 'Script' : 'General_Category'}=${value}`];
  for (const candidate of candidates) {
    const text = `\\p{${candidate}}`;
    try {
      new RegExp(text, 'v');
      return text;
    } catch {
      // The next one.
    }
  }
  throw new SyntaxError(`the class \\p{${name}${value === undefined ? '' : `=${value}`}} is not known`);
}

/** A single character behind a backslash. @throws SyntaxError */
export function characterAt(source: string, at: number): { readonly point: string; readonly end: number } {
  const rest = source.slice(at + 1);
  const number = /^(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|0([0-3]?[0-7]{1,2}))/.exec(rest);
  if (number !== null) {
    const [whole, hex, long, unit, octal] = number;
    const code = octal === undefined ? Number.parseInt(hex ?? long ?? unit ?? '', 16) : Number.parseInt(octal, 8);
    if (code > 0x10ffff) throw new SyntaxError(`\\${whole} is no character`);
    return { point: String.fromCodePoint(code), end: at + 1 + whole.length };
  }
  const char = rest[0];
  if (char === undefined) throw new SyntaxError('there is nothing behind the last \\');
  const control = CONTROLS[char];
  if (control !== undefined) return { point: String.fromCodePoint(control), end: at + 2 };
  if (char === 'c' && rest[1] !== undefined) {
    return { point: String.fromCodePoint(rest.charCodeAt(1) ^ 64), end: at + 3 };
  }
  if (/[A-Za-z0-9]/.test(char)) throw new SyntaxError(`\\${char} is not supported`);
  const point = String.fromCodePoint(rest.codePointAt(0) as number);
  return { point, end: at + 1 + point.length };
}
