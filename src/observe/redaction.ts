/**
 * What is not to be seen of values that the page shows (taps, states, dead letters): who starts the job says it, and nobody who looks can
 * take it back. Headers and fields are left out by their names, parts of texts by a pattern.
 */

/** What is left out. */
export interface RedactionOptions {
  /** Names of headers and fields, in any case. */
  readonly names: readonly string[];
  /** Searched in every text; left out: nothing is. */
  readonly pattern?: RegExp | undefined;
  /** Whether values are shown at all. */
  readonly showsValues: boolean;
}

/** Stands in the place of what is left out. */
export const REDACTED = '(redacted)';
/** More of a text is not shown. It is cut after the pattern was searched, which may have begun before the cut. */
const LONGEST = 2000;
/** Of a whole value as JSON. */
const LONGEST_VALUE = 8000;

/** Leaves out what is not to be seen. */
export class Redaction {
  readonly #names: ReadonlySet<string>;
  readonly #pattern: RegExp | undefined;
  readonly showsValues: boolean;

  constructor({ names, pattern, showsValues }: RedactionOptions) {
    this.#names = new Set(names.map((name) => name.toLowerCase()));
    this.#pattern = pattern && new RegExp(pattern.source, [...new Set(`${pattern.flags}g`)].join(''));
    this.showsValues = showsValues;
  }

  /** @param value as boundedJson makes them */
  of(value: unknown): unknown {
    if (!this.showsValues) return REDACTED;
    if (typeof value === 'string') return this.#text(value);
    if (Array.isArray(value)) return value.map((each) => this.of(each));
    if (typeof value !== 'object' || value === null) return this.#scalar(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        this.#text(name),
        this.#names.has(name.toLowerCase()) ? REDACTED : this.of(each),
      ]),
    );
  }

  /** The same, no longer than a page shows: a larger value is a text with its beginning. */
  shown(value: unknown): unknown {
    const shown = this.of(value);
    const text = JSON.stringify(shown) ?? 'null';
    return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}… (${text.length} characters)` : shown;
  }

  /** A text that holds JSON, cut or whole, as dead letters are read. */
  ofText(text: string): string {
    if (!this.showsValues) return REDACTED;
    if (this.#names.size === 0) return this.#text(text);
    try {
      return JSON.stringify(this.of(JSON.parse(text)));
    } catch {
      // Cut in the middle, nobody can tell which field a part of it belongs to.
      return REDACTED;
    }
  }

  /** A message of an error: where a function threw, the value stands behind it as `(on …)`. */
  ofMessage(message: string): string {
    const isWhole = this.showsValues && this.#names.size === 0;
    const without = isWhole ? message : message.replace(/ \(on [\s\S]*\)(?=$|\n)/, ` (on ${REDACTED})`);
    return this.#pattern === undefined ? without : without.replace(this.#pattern, REDACTED);
  }

  /** Numbers, too, may be what a pattern is about. */
  #scalar(value: unknown): unknown {
    if (this.#pattern === undefined || typeof value !== 'number') return value;
    const text = String(value);
    const redacted = this.#text(text);
    return redacted === text ? value : redacted;
  }

  #text(text: string): string {
    const pattern = this.#pattern;
    // In digits of bytes a pattern would find nothing of what the bytes say.
    const redacted =
      pattern === undefined
        ? text
        : /^0x[\da-f]{8}/.test(text)
          ? '(bytes that are no text)'
          : text.replace(pattern, REDACTED);
    return redacted.length > LONGEST ? `${redacted.slice(0, LONGEST)}…` : redacted;
  }
}

/** Shows everything. */
export const NO_REDACTION: Redaction = new Redaction({ names: [], showsValues: true });
