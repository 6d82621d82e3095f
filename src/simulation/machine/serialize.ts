/**
 * Values as bytes that have one length each time. V8 writes a whole number in 2 to 6 bytes or in 9, an array with or without its indices,
 * a text in one or two bytes for a character, as it happens to hold them, which depends on what was compiled when. What a simulated
 * process does may depend on how long a record is: so it is filled up to the most that it could have.
 */
import v8 from 'node:v8';

const NUMBER = 9;
/** A tag and a length or an index, as v8 writes them. */
const TAG = 7;

/** The bytes of a value, which v8.deserialize reads: it takes no notice of what follows. @throws what v8.serialize throws */
export function serializeToOneLength(value: unknown): Buffer {
  const bytes = v8.serialize(value);
  const most = 2 + mostBytes(value, new Set());
  if (bytes.length > most) throw new Error(`${bytes.length} bytes, and ${most} were expected at most`);
  return Buffer.concat([bytes, Buffer.alloc(most - bytes.length)]);
}

/** The most bytes that v8 writes for a value. @param seen objects that were written before, to which it refers by their number */
function mostBytes(value: unknown, seen: Set<object>): number {
  if (typeof value === 'string') return TAG + 2 * value.length;
  if (typeof value === 'bigint') return TAG + 8 + Math.ceil(value.toString(16).length / 2);
  if (typeof value !== 'object' || value === null) return NUMBER;
  if (seen.has(value)) return TAG;
  seen.add(value);
  const all = (values: Iterable<unknown>): number => {
    let sum = 0;
    for (const each of values) sum += TAG + mostBytes(each, seen);
    return sum;
  };
  if (ArrayBuffer.isView(value)) return 3 * TAG + 8 + value.byteLength;
  if (value instanceof ArrayBuffer) return TAG + 8 + value.byteLength;
  if (value instanceof Map) return 2 * TAG + all(value.keys()) + all(value.values());
  if (value instanceof Set) return 2 * TAG + all(value);
  if (value instanceof Date) return NUMBER;
  if (value instanceof Error) return 8 * TAG + 2 * (value.message.length + (value.stack?.length ?? 0)) + 64;
  if (Array.isArray(value)) return 4 * TAG + all(value);
  return 2 * TAG + all(Object.keys(value)) + all(Object.values(value)) + 64;
}
