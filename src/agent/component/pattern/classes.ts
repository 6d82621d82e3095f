/** Classes of characters: `[a-z&&[^aeiou]]`, as Java nests, joins and cuts them. */
import { characterAt, escaped, setAt } from './escapes.ts';
import type { Mode, Piece } from './piece.ts';

/** The class at a bracket. @throws SyntaxError */
export function classAt(source: string, at: number, mode: Mode): Piece {
  return new ClassReader(source, at + 1, mode).read();
}

class ClassReader {
  readonly #source: string;
  readonly #mode: Mode;
  #at: number;

  /** @param at behind the bracket */
  constructor(source: string, at: number, mode: Mode) {
    this.#source = source;
    this.#at = at;
    this.#mode = mode;
  }

  read(): Piece {
    const isNegated = this.#source[this.#at] === '^';
    if (isNegated) this.#at++;
    const parts: string[] = [];
    let union = '';
    for (let isFirst = true; ; isFirst = false) {
      const char = this.#source[this.#at];
      if (char === undefined) throw new SyntaxError('a [ has no ] behind it');
      if (char === ']' && !isFirst) break;
      if (this.#source.startsWith('&&', this.#at)) {
        this.#at += 2;
        if (union !== '') parts.push(union);
        union = '';
      } else union += this.#member();
    }
    this.#at++;
    if (union !== '') parts.push(union);
    const inside = parts.length === 1 ? (parts[0] as string) : parts.map((part) => `[${part}]`).join('&&');
    return { text: `[${isNegated ? '^' : ''}${inside}]`, end: this.#at };
  }

  #member(): string {
    const char = this.#source[this.#at];
    if (char === '[') {
      const { end, text } = classAt(this.#source, this.#at, this.#mode);
      this.#at = end;
      return text;
    }
    if (this.#source.startsWith('\\Q', this.#at)) return this.#quoted();
    if (char === '\\') {
      const set = setAt(this.#source, this.#at);
      if (set !== undefined) {
        this.#at = set.end;
        return set.text;
      }
    }
    const from = this.#character();
    const next = this.#source[this.#at + 1];
    if (this.#source[this.#at] !== '-' || next === undefined || next === ']' || next === '[')
      return this.#range(from, from);
    this.#at++;
    const to = this.#character();
    if ((to.codePointAt(0) as number) < (from.codePointAt(0) as number))
      throw new SyntaxError(`${from}-${to} goes backwards`);
    return this.#range(from, to);
  }

  #character(): string {
    if (this.#source[this.#at] === '\\') {
      const { end, point } = characterAt(this.#source, this.#at);
      this.#at = end;
      return point;
    }
    const point = String.fromCodePoint(this.#source.codePointAt(this.#at) as number);
    this.#at += point.length;
    return point;
  }

  #range(from: string, to: string): string {
    const text = from === to ? escaped(from) : `${escaped(from)}-${escaped(to)}`;
    const { ignoresCase, unicodeCase } = this.#mode;
    if (!ignoresCase || unicodeCase) return text;
    return text + this.#otherCase(from, to, 'a', 'z', -32) + this.#otherCase(from, to, 'A', 'Z', 32);
  }

  /** The letters of ASCII of a range, in their other case. */
  #otherCase(from: string, to: string, first: string, last: string, shift: number): string {
    const low = Math.max(from.codePointAt(0) as number, first.charCodeAt(0));
    const high = Math.min(to.codePointAt(0) as number, last.charCodeAt(0));
    return low > high ? '' : `${String.fromCharCode(low + shift)}-${String.fromCharCode(high + shift)}`;
  }

  #quoted(): string {
    const end = this.#source.indexOf('\\E', this.#at);
    if (end < 0) throw new SyntaxError('a \\Q in a class has no \\E behind it');
    const text = this.#source.slice(this.#at + 2, end);
    this.#at = end + 2;
    return [...text].map((point) => this.#range(point, point)).join('');
  }
}
