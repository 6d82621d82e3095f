/**
 * Values for somebody who looks at a few of them: as JSON, and no more of one value than its bounds say, whatever it is. What is left out is
 * said in its place. Nothing of the value's own code is run more than a getter, and one that throws costs its field.
 */

/** How much of a value is shown. */
interface Bounds {
  /** Of a text; of bytes that are no text half as many are shown, as hexadecimal digits. */
  readonly characters: number;
  /** Of an array, a map, a set or an object. */
  readonly items: number;
  readonly depth: number;
  /** Of the whole value, all depths together. */
  readonly parts: number;
}

const BOUNDS: Bounds = { characters: 4096, items: 50, depth: 6, parts: 400 };

/**
 * A value as JSON can have it, bounded: at most 400 parts, 50 of each array or object, 4,096 characters of each text. A Flume event is its
 * headers and its body: a text where the body is UTF-8, hexadecimal digits where it is not.
 * @example boundedJson({ body: Buffer.from('hi'), headers: {}, text: () => 'hi' }) // { headers: {}, body: 'hi' }
 */
export function boundedJson(value: unknown): unknown {
  const left = { parts: BOUNDS.parts };
  const shown = (each: unknown, depth: number): unknown => {
    left.parts--;
    try {
      return typeof each === 'object' && each !== null ? objectShown(each, depth, shown, left) : scalarShown(each);
    } catch {
      // A proxy may throw on anything.
      return UNREADABLE;
    }
  };
  return shown(value, 0);
}

function scalarShown(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return cut(value);
    case 'bigint':
      return `${value}n`;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'undefined':
    case 'object':
      return null;
    default:
      return cut(String(value));
  }
}

const UNREADABLE = '… (reading it threw)';

type Shown = (value: unknown, depth: number) => unknown;

function objectShown(value: object, depth: number, shown: Shown, left: { parts: number }): unknown {
  if (value instanceof Uint8Array) return bytesShown(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (depth >= BOUNDS.depth || left.parts <= 0) return '…';
  // The names of its fields are as many as its numbers: a million of them are not gathered to show fifty.
  if (isNumbers(value)) return listShown(value, value.length, depth, shown, left);
  if (Array.isArray(value)) return listShown(value, value.length, depth, shown, left);
  if (value instanceof Map || value instanceof Set) return listShown(value, value.size, depth, shown, left);
  const isEvent = 'headers' in value && 'body' in value && 'text' in value && value.body instanceof Uint8Array;
  const fields: [string, unknown][] = isEvent
    ? [
        ['headers', value.headers],
        ['body', value.body],
      ]
    : [];
  const result: [string, unknown][] = [];
  const names = isEvent ? fields.map(([name]) => name) : Object.keys(value);
  for (const name of names) {
    if (result.length >= BOUNDS.items || left.parts <= 0) {
      result.push(['…', `${names.length - result.length} more`]);
      break;
    }
    result.push([name, shown(fieldOf(value, name), depth + 1)]);
  }
  return Object.fromEntries(result);
}

function isNumbers(value: object): value is Float64Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function fieldOf(value: object, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>>)[name];
  } catch {
    return UNREADABLE;
  }
}

function listShown(
  values: Iterable<unknown>,
  size: number,
  depth: number,
  shown: Shown,
  left: { parts: number },
): unknown[] {
  const result: unknown[] = [];
  for (const each of values) {
    if (result.length >= BOUNDS.items || left.parts <= 0) {
      result.push(`… ${size - result.length} more`);
      break;
    }
    result.push(shown(each, depth + 1));
  }
  return result;
}

function cut(text: string): string {
  return text.length > BOUNDS.characters ? `${text.slice(0, BOUNDS.characters)}… (${text.length} characters)` : text;
}

/** A character is three bytes at most for each UTF-16 unit of it. */
const MOST_BYTES = 3 * BOUNDS.characters;

function bytesShown(bytes: Uint8Array): string {
  const isWhole = bytes.length <= MOST_BYTES;
  try {
    // A character may be cut in two where the bytes end: `stream` leaves it out.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const text = decoder.decode(bytes.subarray(0, MOST_BYTES), { stream: !isWhole });
    if (isWhole && text.length <= BOUNDS.characters) return text;
    return `${text.slice(0, BOUNDS.characters)}… (${bytes.length} bytes)`;
  } catch {
    const isCut = bytes.length > BOUNDS.characters / 2;
    const digits = Buffer.from(bytes.subarray(0, BOUNDS.characters / 2)).toString('hex');
    return `0x${digits}${isCut ? `… (${bytes.length} bytes)` : ''}`;
  }
}
