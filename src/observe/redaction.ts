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

/** A message ends behind its value. A line of the log goes on (errorLine): no text of a value stands there, so there are no quotes. */
const END = String.raw`(?=$|\n|, at [^"]*[^")]$)`;
const VALUE = new RegExp(String.raw` \(on [\s\S]*\)${END}`);
/** One whose end nobody can tell. */
const REST = / \(on [\s\S]*$/;
/** core/plain-json.ts cuts it like this. */
const CUT_VALUE = new RegExp(String.raw` \(on [\s\S]*… \(\d+ characters\)\)${END}`);
/** What a function said may hold the end that a line of the log has, so all behind it goes. */
const THROWN = /( threw: )[\s\S]*$/;

/** Leaves out what is not to be seen. */
export class Redaction {
  /** In lower case. */
  readonly #names: ReadonlySet<string>;
  readonly #pattern: RegExp | undefined;
  readonly showsValues: boolean;

  constructor({ names, pattern, showsValues }: RedactionOptions) {
    const lower = names.map((name) => name.toLowerCase());
    // A body that is no text is called otherwise in dead letters (core/plain-json.ts).
    this.#names = new Set(lower.includes('body') ? [...lower, 'bodybase64'] : lower);
    this.#pattern = pattern && new RegExp(pattern.source, [...new Set(`${pattern.flags}g`)].join(''));
    this.showsValues = showsValues;
  }

  /** Whether what has this name is left out. */
  hides(name: unknown): boolean {
    return typeof name === 'string' && this.#names.has(name.toLowerCase());
  }

  /** @param value as boundedJson makes them */
  of(value: unknown): unknown {
    if (!this.showsValues) return REDACTED;
    if (typeof value === 'string') return this.#text(this.#withoutFields(value));
    if (Array.isArray(value)) {
      // A pair, or an entry of a Map.
      const isHidden = value.length === 2 && this.hides(value[0]);
      return isHidden ? [this.#text(String(value[0])), REDACTED] : value.map((each) => this.of(each));
    }
    if (typeof value !== 'object' || value === null) return this.#scalar(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [this.#text(name), this.hides(name) ? REDACTED : this.of(each)]),
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

  /**
   * A message of an error, or a line of the log with one in it: where a function threw, what it said stands behind `threw: `, and behind that
   * the value as `(on …)`; then, in a line of the log, the place.
   */
  ofMessage(message: string): string {
    if (!this.showsValues) return this.#text(message.replace(THROWN, `$1${REDACTED}`));
    // A pattern does not find what the end of a cut value has of it.
    const hidesValue = this.#names.size > 0 || (this.#pattern !== undefined && CUT_VALUE.test(message));
    const value = !message.endsWith('…') && VALUE.test(message) ? VALUE : REST;
    const without = hidesValue ? message.replace(value, ` (on ${REDACTED})`) : message;
    return this.#text(without);
  }

  /** What a function of the user said when it threw. */
  ofThrown(message: string): string {
    return this.showsValues ? this.ofMessage(message) : REDACTED;
  }

  /** A text may be JSON itself, as bodies of events often are: its fields have names, too. */
  #withoutFields(text: string): string {
    if (this.#names.size === 0 || !/^\s*[[{]/.test(text)) return text;
    try {
      const parsed: unknown = JSON.parse(text);
      const redacted = JSON.stringify(this.of(parsed));
      return redacted === JSON.stringify(parsed) ? text : redacted;
    } catch {
      // As ofText; but not every text that begins like this is JSON.
      const hasName = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].some(([, name = '']) => {
        return name.includes('\\') || this.hides(name);
      });
      return hasName ? REDACTED : text;
    }
  }

  /** Numbers, too, may be what a pattern is about. */
  #scalar(value: unknown): unknown {
    if (this.#pattern === undefined || typeof value !== 'number') return value;
    const text = String(value);
    const redacted = this.#text(text);
    return redacted === text ? value : redacted;
  }

  #text(text: string): string {
    // In digits of bytes a pattern would find nothing of what the bytes say.
    if (this.#pattern !== undefined && /^0x[\da-f]{8}/.test(text)) return '(bytes that are no text)';
    let shown = '';
    let at = 0;
    for (const { 0: found, index } of this.#pattern === undefined ? [] : text.matchAll(this.#pattern)) {
      if (index >= LONGEST) break;
      shown += text.slice(at, index) + REDACTED;
      at = index + found.length;
    }
    // The text may have been cut before, within what the pattern would have found: no more is shown of it, however short what was found has become.
    return text.length > Math.max(at, LONGEST) ? `${shown}${text.slice(at, LONGEST)}…` : shown + text.slice(at);
  }
}

/** Shows everything. */
export const NO_REDACTION: Redaction = new Redaction({ names: [], showsValues: true });
