/**
 * Regular expressions as Java has them (java.util.regex.Pattern of Java 17), so that those of a flume.conf find what they found there.
 * They are translated (translate.ts) to JavaScript's with the flag v, whose classes can be nested, cut and counted in code points as Java's.
 */
import { translate } from './translate.ts';

/** What was found. */
export interface Found {
  readonly index: number;
  readonly text: string;
  /** By Java's numbers, from 1; undefined: the group is not part of the match. */
  group(number: number): string | undefined;
}

/** A regular expression of Java's. */
export class JavaPattern {
  readonly source: string;
  /** How many groups it has. */
  readonly groups: number;
  readonly #find: RegExp;
  readonly #whole: RegExp;
  /** Where Java's groups are among those of the translation, which has more. */
  readonly #numbers: readonly number[];
  readonly #names: ReadonlyMap<string, number>;

  /** @throws SyntaxError with what is wrong, in words; also for what is Java's and cannot be translated */
  constructor(source: string) {
    const { flags, names, numbers, text } = translate(source);
    this.source = source;
    this.groups = numbers.length;
    this.#numbers = numbers;
    this.#names = names;
    this.#find = new RegExp(text, `${flags}v`);
    // Alternatives are tried until the whole text is matched, as Java's `matches` does.
    this.#whole = new RegExp(`^(?:${text})$`, `${flags}v`);
  }

  /** The first place where it matches, as `find`. */
  find(text: string): Found | undefined {
    const match = this.#find.exec(text);
    return match === null ? undefined : this.#found(match, match.index);
  }

  /** What the groups have when the whole text matches. */
  match(text: string): Found | undefined {
    const match = this.#whole.exec(text);
    return match === null ? undefined : this.#found(match, 0);
  }

  /** Whether the whole text matches. */
  matches(text: string): boolean {
    return this.#whole.test(text);
  }

  /** The parts between what matches, as Java's `split`: without the empty ones at the end. */
  split(text: string): string[] {
    const parts: string[] = [];
    let from = 0;
    for (const match of text.matchAll(new RegExp(this.#find.source, `${this.#find.flags}g`))) {
      // Nothing is cut off before the first character by a match of no length.
      if (match[0] === '' && (match.index === 0 || match.index === text.length)) continue;
      parts.push(text.slice(from, match.index));
      from = match.index + match[0].length;
    }
    parts.push(text.slice(from));
    while (parts.length > 1 && parts.at(-1) === '') parts.pop();
    return parts;
  }

  /** Makes what `replaceAll` puts in. @throws SyntaxError when it names a group that there is not */
  replacement(template: string): (text: string) => string {
    const parts = this.#parts(template);
    const all = new RegExp(this.#find.source, `${this.#find.flags}g`);
    return (text) =>
      text.replace(all, (...found: (string | undefined)[]) =>
        parts.map((part) => (typeof part === 'string' ? part : (found[part] ?? ''))).join(''),
      );
  }

  #found(match: RegExpExecArray, index: number): Found {
    return {
      index,
      text: match[0],
      group: (number) => (number === 0 ? match[0] : match[this.#numbers[number - 1] ?? Number.NaN]),
    };
  }

  /** Texts, and the numbers of groups of the translation. Source: Matcher.appendReplacement. */
  #parts(template: string): (string | number)[] {
    const parts: (string | number)[] = [];
    for (let at = 0; at < template.length; ) {
      const char = template[at] as string;
      if (char === '\\') {
        if (at + 1 === template.length) throw new SyntaxError('there is nothing behind the last \\');
        parts.push(template[at + 1] as string);
        at += 2;
      } else if (char === '$') at = this.#groupAt(template, at + 1, parts);
      else {
        parts.push(char);
        at++;
      }
    }
    return parts;
  }

  /** @returns where what names a group ends */
  #groupAt(template: string, at: number, parts: (string | number)[]): number {
    const named = /^\{([A-Za-z][A-Za-z0-9]*)\}/.exec(template.slice(at));
    if (named !== null) {
      const number = this.#names.get(named[1] as string);
      if (number === undefined) throw new SyntaxError(`there is no group of the name ${named[1]}`);
      parts.push(number);
      return at + named[0].length;
    }
    if (!/\d/.test(template[at] ?? ''))
      throw new SyntaxError('a $ is followed by the number or {name} of a group, or is written \\$');
    // As many digits as still name a group.
    let [number, end] = [Number(template[at]), at + 1];
    for (; /\d/.test(template[end] ?? '') && number * 10 + Number(template[end]) <= this.groups; end++) {
      number = number * 10 + Number(template[end]);
    }
    if (number > this.groups) throw new SyntaxError(`there is no group ${number}`);
    parts.push(number === 0 ? 0 : (this.#numbers[number - 1] as number));
    return end;
  }
}
