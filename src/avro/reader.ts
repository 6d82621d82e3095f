/**
 * Reads Avro binary data that comes from strangers. avsc's decoder trusts counts and lengths; this one checks each
 * against the bytes that are there, so that no input makes it loop or allocate beyond its own size.
 * Format: Avro 1.11 specification, "Binary Encoding".
 */
import { StreamjobError } from '../core/errors.ts';

/** Two long varints' worth: 2^53 - 1 is the largest integer that a number holds exactly. */
const LONGEST_VARINT = 10;

/** How much a map of a peer may hold. Reading on past it would keep the event loop from everybody else. */
export interface MapLimits {
  readonly entries: number;
  /** Keys and values with their lengths, as they are encoded. */
  readonly bytes: number;
}

/** The limits of a handshake's and a call's metadata: real peers send none, ours one entry. */
export const META_LIMITS: MapLimits = { entries: 100, bytes: 64 * 1024 };

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

  /** Steps over an Avro int or long, whatever its value is. */
  skipLong(): void {
    for (let i = 0; i < LONGEST_VARINT; i++) {
      const byte = this.bytes[this.position++];
      if (byte === undefined) throw truncated();
      if (byte < 0x80) return;
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

  /**
   * An Avro string.
   * @param mostBytes the longest that is decoded; a longer one is stepped over and refused
   * @throws StreamjobError LIMIT_EXCEEDED
   */
  string(mostBytes: number = Number.POSITIVE_INFINITY): string {
    const { start, end } = this.span();
    if (end - start > mostBytes) {
      throw exceeded(`a text of the peer has ${end - start} bytes, more than ${mostBytes}`);
    }
    return this.bytes.toString('utf8', start, end);
  }

  /** The beginning of an Avro string, at most `mostBytes` of it; it is stepped over whole. For texts that people read. */
  beginning(mostBytes: number): string {
    const { start, end } = this.span();
    return this.bytes.toString('utf8', start, Math.min(end, start + mostBytes));
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

  /**
   * Steps over a map of strings or bytes.
   * @returns how many entries it has
   * @throws StreamjobError LIMIT_EXCEEDED as soon as it is known to hold more than `limits` allow
   */
  skipMap(limits?: MapLimits): number {
    const start = this.position;
    let entries = 0;
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      entries += count;
      if (limits !== undefined && entries > limits.entries) throw tooManyEntries(entries, limits);
      for (; count > 0; count--) {
        this.skip();
        this.skip();
      }
    }
    if (limits !== undefined && this.position - start > limits.bytes) throw tooManyBytes(this.position - start, limits);
    return entries;
  }

  /**
   * A map of bytes, its values as views.
   * @throws StreamjobError LIMIT_EXCEEDED; nothing of the map is decoded then
   */
  bytesMap(limits: MapLimits): Map<string, Buffer> {
    const start = this.position;
    this.skipMap(limits);
    this.position = start;
    const map = new Map<string, Buffer>();
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      for (; count > 0; count--) {
        const key = this.string();
        const value = this.span();
        map.set(key, this.bytes.subarray(value.start, value.end));
      }
    }
    return map;
  }
}

function tooManyEntries(entries: number, limits: MapLimits): StreamjobError {
  return exceeded(`a map of the peer has ${entries} entries or more, the limit is ${limits.entries}`);
}

function tooManyBytes(bytes: number, limits: MapLimits): StreamjobError {
  return exceeded(`a map of the peer has ${bytes} bytes, the limit is ${limits.bytes}`);
}

function exceeded(what: string): StreamjobError {
  return new StreamjobError('LIMIT_EXCEEDED', what);
}

function truncated(): StreamjobError {
  return new StreamjobError('PROTOCOL_ERROR', 'the data ends in the middle of a value');
}

function malformed(what: string): StreamjobError {
  return new StreamjobError('PROTOCOL_ERROR', what);
}
