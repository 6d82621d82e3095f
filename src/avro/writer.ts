/** The few Avro values that are written by hand, without a schema. Format: Avro 1.11 specification, "Binary Encoding". */

/** An Avro long: zigzag, then 7 bits a byte. */
export function encodeLong(value: number): Buffer {
  const bytes: number[] = [];
  let left = value >= 0 ? value * 2 : -value * 2 - 1;
  while (left >= 128) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
  return Buffer.from(bytes);
}

/** An Avro string. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeLong(bytes.length), bytes]);
}
