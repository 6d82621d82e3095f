/**
 * java.util.Properties files: comments (# and !), the separators `=`, `:` and blanks, escapes, continued lines. Every
 * entry keeps its line, so that an error can name it. Unlike Flume, which reads ISO-8859-1 and so turns an é written by
 * any editor of today into two characters, the text is UTF-8; pure ASCII files with \uXXXX escapes mean the same in both.
 */

/** One entry, as written last in the file. */
export interface Property {
  readonly key: string;
  readonly value: string;
  /** The number of the line it begins on, from 1. */
  readonly line: number;
}

/** What {@link parseProperties} found. */
export interface PropertiesFile {
  /** The entries in the order of the file; of a key that comes twice only the last one, as in Java. */
  readonly entries: ReadonlyMap<string, Property>;
  /** Escapes that cannot be read, with their lines. */
  readonly errors: readonly {
    readonly line: number;
    readonly message: string;
  }[];
  /** Keys that were given more than once: the line that lost, and the line that counts. */
  readonly duplicates: readonly {
    readonly key: string;
    readonly line: number;
    readonly by: number;
  }[];
}

/**
 * Parses a properties file. Keys and values are trimmed, as Flume trims them.
 *
 * @example
 * parseProperties('a1.sources = r1').entries.get('a1.sources')?.value; // 'r1'
 */
export function parseProperties(source: string): PropertiesFile {
  const entries = new Map<string, Property>();
  const errors: { line: number; message: string }[] = [];
  const duplicates: { key: string; line: number; by: number }[] = [];
  for (const { text, line } of logicalLines(source)) {
    const at = keyEnd(text);
    const complain = (message: string): void => {
      errors.push({ line, message });
    };
    const key = unescaped(text.slice(0, at), complain).trim();
    // After the key: blanks, at most one = or :, blanks.
    const value = unescaped(text.slice(at).replace(/^[ \t\f]*[=:]?[ \t\f]*/, ''), complain).trim();
    const before = entries.get(key);
    if (before !== undefined) duplicates.push({ key, line: before.line, by: line });
    entries.delete(key);
    entries.set(key, { key, value, line });
  }
  return { entries, errors, duplicates };
}

/** Lines without comments and blank ones, continued lines joined. */
function logicalLines(source: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = [];
  const natural = source.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (let i = 0; i < natural.length; i++) {
    let text = (natural[i] ?? '').replace(/^[ \t\f]+/, '');
    // A comment is never continued, whatever it ends with.
    if (text === '' || text.startsWith('#') || text.startsWith('!')) continue;
    const line = i + 1;
    while (endsWithOddBackslashes(text)) {
      i++;
      text = text.slice(0, -1) + (natural[i] ?? '').replace(/^[ \t\f]+/, '');
      if (i >= natural.length) break;
    }
    lines.push({ text, line });
  }
  return lines;
}

function endsWithOddBackslashes(text: string): boolean {
  const match = /\\+$/.exec(text);
  return match !== null && match[0].length % 2 === 1;
}

/** Where the key ends: at the first separator that is not escaped. */
function keyEnd(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? '';
    if (char === '\\') i++;
    else if ('=: \t\f'.includes(char)) return i;
  }
  return text.length;
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
};

function unescaped(text: string, complain: (message: string) => void): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[\s\S]|$)/g, (_, sequence: string) => {
    if (sequence.length === 5) return String.fromCharCode(Number.parseInt(sequence.slice(1), 16));
    if (sequence === 'u') complain('\\u must be followed by four hexadecimal digits');
    return ESCAPES[sequence] ?? sequence;
  });
}

/** Properties as the text of a file, which {@link parseProperties} reads as they were. */
export function formatProperties(entries: Iterable<Pick<Property, 'key' | 'value'>>): string {
  return [...entries].map(({ key, value }) => `${escaped(key, /[\\=: #!]/g)} = ${escaped(value, /\\/g)}\n`).join('');
}

const CONTROLS: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' };

function escaped(text: string, special: RegExp): string {
  return text.replace(special, '\\$&').replace(/[\t\n\r\f]/g, (control) => CONTROLS[control] ?? control);
}
