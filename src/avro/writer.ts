/** The few Avro values that are written by hand, without a schema. Format: Avro 1.11 specification, "Binary Encoding". */

/** No long of ours is longer, in bytes. */
const LONGEST_LONG = 10;

/** An Avro long: zigzag, then 7 bits a byte. */
export function encodeLong(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(LONGEST_LONG);
  return bytes.subarray(0, writeLong(value, bytes, 0));
}

/** How many bytes an Avro long has that is not negative. */
export function longLength(value: number): number {
  let bytes = 1;
  for (let most = 64; value >= most; most *= 128) bytes++;
  return bytes;
}

/** Writes an Avro long from `start` on. @returns where it ends */
export function writeLong(value: number, target: Buffer, start: number): number {
  let at = start;
  let left = value >= 0 ? value * 2 : -value * 2 - 1;
  for (; left >= 128; left = Math.floor(left / 128)) target[at++] = (left % 128) + 128;
  target[at++] = left;
  return at;
}

/** An Avro string. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeLong(bytes.length), bytes]);
}
