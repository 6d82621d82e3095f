/** Java's regular expressions as JavaScript's with the flag v. Source: the documentation of java.util.regex.Pattern, Java 17. */
import { classAt } from './classes.ts';
import { escapeAt, literal } from './escapes.ts';
import type { Mode, Piece } from './piece.ts';

/** A translation. */
export interface Translation {
  readonly text: string;
  /** Of JavaScript, beside v. */
  readonly flags: string;
  /** For each group of Java's its number in the translation. */
  readonly numbers: readonly number[];
  readonly names: ReadonlyMap<string, number>;
}

const ANY = '[\\s\\S]';
const START = `(?<!${ANY})`;
const END = `(?!${ANY})`;
const TERMINATORS = '\\n\\r\\u0085\\u2028\\u2029';
/** The end of the text, or before the line terminator that ends it, but not in the middle of \r\n. */
const BEFORE_END = `(?:(?=(?:\\r\\n|[\\r\\u0085\\u2028\\u2029])?${END})|(?<!\\r)(?=\\n${END}))`;
const LINE_START = `(?:${START}|(?<=[\\n\\u0085\\u2028\\u2029]|\\r(?!\\n))(?=${ANY}))`;
const LINE_END = `(?:${END}|(?=[\\r\\u0085\\u2028\\u2029])|(?<!\\r)(?=\\n))`;
const WORD = '[\\p{L}\\p{Nd}_]';
const ANCHORS: Readonly<Record<string, string>> = {
  A: START,
  z: END,
  Z: BEFORE_END,
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
};

/** @throws SyntaxError with what is wrong, or cannot be translated */
export function translate(source: string): Translation {
  return new Translator(source).run();
}

class Translator {
  readonly #source: string;
  #at = 0;
  /** Groups of the translation that have begun. */
  #groups = 0;
  readonly #numbers: number[] = [];
  readonly #names = new Map<string, number>();
  readonly #mode: Mode;

  constructor(source: string) {
    const inline = /^\(\?([imsu]+)\)/.exec(source);
    const has = (flag: string): boolean => inline?.[1]?.includes(flag) === true;
    this.#source = source;
    this.#at = inline?.[0].length ?? 0;
    this.#mode = { ignoresCase: has('i'), unicodeCase: has('u'), multiline: has('m'), dotAll: has('s') };
  }

  run(): Translation {
    const text = this.#alternatives();
    if (this.#at < this.#source.length) throw new SyntaxError(`a ) has no ( before it, at ${this.#at + 1}`);
    const flags = this.#mode.ignoresCase && this.#mode.unicodeCase ? 'i' : '';
    return { text, flags, numbers: this.#numbers, names: this.#names };
  }

  get #next(): string | undefined {
    return this.#source[this.#at];
  }

  /** Up to a closing parenthesis, or the end. */
  #alternatives(): string {
    let text = '';
    for (let next = this.#next; next !== undefined && next !== ')'; next = this.#next) {
      if (next === '|') {
        text += '|';
        this.#at++;
      } else text += this.#quantified();
    }
    return text;
  }

  #quantified(): string {
    const groupsBefore = this.#groups;
    const atom = this.#atom();
    const quantifier = /^(?:[?*+]|\{\d+(?:,\d*)?\})/.exec(this.#source.slice(this.#at))?.[0];
    if (quantifier === undefined) return atom;
    this.#at += quantifier.length;
    const how = this.#next;
    if (how !== '?' && how !== '+') return `${atom}${quantifier}`;
    this.#at++;
    if (how === '?') return `${atom}${quantifier}?`;
    // What was taken is not given back: a look ahead takes it, and a reference to its group goes over it. The group comes before those within it.
    return this.#atomic(`${atom}${quantifier}`, groupsBefore);
  }

  /** @param groupsBefore groups that had begun before the text */
  #atomic(text: string, groupsBefore: number): string {
    const number = groupsBefore + 1;
    this.#groups++;
    for (const [i, each] of this.#numbers.entries()) if (each >= number) this.#numbers[i] = each + 1;
    for (const [name, each] of this.#names) if (each >= number) this.#names.set(name, each + 1);
    const shifted = text.replace(/\\k<g(\d+)>/g, (all, of: string) =>
      Number(of) >= number ? `\\k<g${Number(of) + 1}>` : all,
    );
    const renamed = shifted.replace(/\(\?<g(\d+)>/g, (all, of: string) =>
      Number(of) >= number ? `(?<g${Number(of) + 1}>` : all,
    );
    return `(?:(?=(?<g${number}>${renamed}))\\k<g${number}>)`;
  }

  #atom(): string {
    const char = this.#source[this.#at] as string;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#take(classAt(this.#source, this.#at, this.#mode));
      case '\\':
        return this.#escape();
      case '.':
        this.#at++;
        return this.#mode.dotAll ? ANY : `[^${TERMINATORS}]`;
      case '^':
        this.#at++;
        return this.#mode.multiline ? LINE_START : START;
      case '$':
        this.#at++;
        return this.#mode.multiline ? LINE_END : BEFORE_END;
      case '*':
      case '+':
      case '?':
        throw new SyntaxError(`there is nothing before ${char} that it could repeat, at ${this.#at + 1}`);
      case '{':
        throw new SyntaxError(`a { that is no repetition is written \\{, at ${this.#at + 1}`);
      default: {
        const point = String.fromCodePoint(this.#source.codePointAt(this.#at) as number);
        this.#at += point.length;
        return literal(point, this.#mode);
      }
    }
  }

  #take({ end, text }: Piece): string {
    this.#at = end;
    return text;
  }

  #group(): string {
    const rest = this.#source.slice(this.#at);
    const opening = /^\((?:\?(?:[:=!>]|<[=!]|<([A-Za-z][A-Za-z0-9]*)>))?/.exec(rest) as RegExpExecArray;
    const [open, name] = opening;
    if (open === '(' && rest[1] === '?') {
      throw new SyntaxError(
        `${rest.slice(0, 5)} is not supported here: flags stand at the very front, as (?i), (?m), (?s) or (?u)`,
      );
    }
    this.#at += open.length;
    const groupsBefore = this.#groups;
    const isCapturing = open === '(' || name !== undefined;
    const place = this.#numbers.length;
    if (isCapturing) {
      this.#groups++;
      this.#numbers.push(this.#groups);
      if (name !== undefined) this.#names.set(name, this.#groups);
    }
    const inner = this.#alternatives();
    if (this.#next !== ')') throw new SyntaxError('a ( has no ) behind it');
    this.#at++;
    if (isCapturing) return `(?<g${this.#numbers[place]}>${inner})`;
    return open === '(?>' ? this.#atomic(inner, groupsBefore) : `${open}${inner})`;
  }

  #escape(): string {
    const char = this.#source[this.#at + 1];
    const anchor = char === undefined ? undefined : ANCHORS[char];
    if (anchor !== undefined) {
      this.#at += 2;
      return anchor;
    }
    if (char === 'Q') return this.#quoted();
    const named = /^\\k<([A-Za-z][A-Za-z0-9]*)>/.exec(this.#source.slice(this.#at));
    if (named !== null) {
      const number = this.#names.get(named[1] as string);
      if (number === undefined) throw new SyntaxError(`there is no group of the name ${named[1]} before \\k`);
      this.#at += named[0].length;
      return `\\k<g${number}>`;
    }
    if (/[1-9]/.test(char ?? '')) return this.#reference();
    return this.#take(escapeAt(this.#source, this.#at, this.#mode));
  }

  /** As many digits as still name a group. */
  #reference(): string {
    let number = 0;
    let end = this.#at + 1;
    for (; /\d/.test(this.#source[end] ?? ''); end++) {
      const longer = number * 10 + Number(this.#source[end]);
      if (number > 0 && longer > this.#numbers.length) break;
      number = longer;
    }
    const group = this.#numbers[number - 1];
    if (group === undefined) throw new SyntaxError(`there is no group ${number} before \\${number}`);
    this.#at = end;
    return `\\k<g${group}>`;
  }

  #quoted(): string {
    const end = this.#source.indexOf('\\E', this.#at);
    const text = this.#source.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return [...text].map((point) => literal(point, this.#mode)).join('');
  }
}
