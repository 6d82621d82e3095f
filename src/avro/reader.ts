/**
 * Reads Avro binary data that comes from strangers. avsc's decoder trusts counts and lengths; this one checks each
 * against the bytes that are there, so that no input makes it loop or allocate beyond its own size.
 * Format: Avro 1.11 specification, "Binary Encoding".
 */
import { StreamjobError } from '../core/errors.ts';

/** Two long varints' worth: 2^53 - 1 is the largest integer that a number holds exactly. */
const LONGEST_VARINT = 10;

/** Reads forward through `bytes`. Every method throws PROTOCOL_ERROR when the bytes end too early or make no sense. */
export class AvroReader {
  readonly bytes: Buffer;
  position: number;

  /** @param position the byte to start at */
  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.position;
  }

  /** An Avro int or long (zigzag varint). */
  long(): number {
    // Nearly all lengths and counts take one byte or two.
    const first = this.bytes[this.position];
    if (first !== undefined && first < 0x80) {
      this.position++;
      return (first >>> 1) ^ -(first & 1);
    }
    const second = this.bytes[this.position + 1];
    if (first !== undefined && second !== undefined && second < 0x80) {
      this.position += 2;
      const both = (first & 0x7f) | (second << 7);
      return (both >>> 1) ^ -(both & 1);
    }
    let value = 0;
    let scale = 1;
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw truncated();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        const decoded = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
        if (!Number.isSafeInteger(decoded)) throw malformed('an integer is out of range');
        return decoded;
      }
      scale *= 128;
    }
    throw malformed('an integer has more than 10 bytes');
  }

  /** The start and end of an Avro bytes or string value, stepping over it. */
  span(): { start: number; end: number } {
    const length = this.skip();
    return { start: this.position - length, end: this.position };
  }

  /** Steps over an Avro bytes or string value. @returns its length; it ends where the reader now is */
  skip(): number {
    const length = this.long();
    if (length < 0) throw malformed('a length is negative');
    if (length > this.left) throw truncated();
    this.position += length;
    return length;
  }

  /** An Avro string. */
  string(): string {
    const { start, end } = this.span();
    return this.bytes.toString('utf8', start, end);
  }

  /** `length` bytes as they are; a view, not a copy. */
  fixed(length: number): Buffer {
    if (length > this.left) throw truncated();
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  /** One byte that is 0 or 1. */
  boolean(): boolean {
    const byte = this.fixed(1)[0];
    if (byte !== 0 && byte !== 1) throw malformed('a boolean is neither 0 nor 1');
    return byte === 1;
  }

  /** Which branch of a union of `branches` follows. */
  branch(branches: number): number {
    const index = this.long();
    if (index < 0 || index >= branches) throw malformed(`there is no union branch ${index}`);
    return index;
  }

  /**
   * The item count of the next block of an array or map, 0 at its end. A negative count is followed by the block's size.
   * @param smallestItem the least bytes one item can have, which bounds the count
   */
  blockCount(smallestItem: number): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      if (this.long() < 0) throw malformed('the size of a block is negative');
    }
    if (count * smallestItem > this.left) throw truncated();
    return count;
  }

  /** Steps over a map of strings or bytes. */
  skipMap(): void {
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      for (; count > 0; count--) {
        this.skip();
        this.skip();
      }
    }
  }

  /** A map of bytes, its values as views. */
  bytesMap(): Map<string, Buffer> {
    const map = new Map<string, Buffer>();
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      for (; count > 0; count--) {
        const key = this.string();
        const { start, end } = this.span();
        map.set(key, this.bytes.subarray(start, end));
      }
    }
    return map;
  }
}

function truncated(): StreamjobError {
  return new StreamjobError('PROTOCOL_ERROR', 'the data ends in the middle of a value');
}

function malformed(what: string): StreamjobError {
  return new StreamjobError('PROTOCOL_ERROR', what);
}
