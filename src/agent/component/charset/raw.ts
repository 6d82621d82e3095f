/**
 * Bytes into text, piece by piece, with a mark in place of each sequence of bytes that is no character. What becomes of the marks is the
 * caller's policy. How many bytes make one such sequence is as in Java's decoders, which differ from those of browsers: three bytes that
 * encode a surrogate are one of them, not three.
 */
import { isUtf8 } from 'node:buffer';

/** Stands for bytes that are no character. A surrogate without its other half is never part of text that was decoded. */
export const MALFORMED = '\uD800';

/** Decodes a stream of bytes. */
export interface RawDecoder {
  /** The text that `bytes` complete. */
  write(bytes: Buffer): string;
  /** What is left at the end: a mark when the last character is not whole. */
  end(): string;
}

/** Keeps back bytes at the end of a piece that may be the begin of a character. */
export abstract class KeepingDecoder implements RawDecoder {
  #kept = Buffer.alloc(0);

  write(bytes: Buffer): string {
    const all = this.#kept.length === 0 ? bytes : Buffer.concat([this.#kept, bytes]);
    const whole = this.whole(all);
    // A copy: the piece may lie in a buffer that is used again.
    this.#kept = Buffer.from(all.subarray(whole));
    return this.decode(all.subarray(0, whole));
  }

  end(): string {
    const rest = this.#kept.length === 0 ? '' : MALFORMED;
    this.#kept = Buffer.alloc(0);
    return rest;
  }

  /** How many of these bytes can be decoded without those that come. */
  protected abstract whole(bytes: Buffer): number;
  protected abstract decode(bytes: Buffer): string;
}

/**
 * One step through UTF-8 at `at`, with Java's idea of what is malformed.
 * @returns the bytes of the character; negative: the bytes of a malformed sequence; 0: `end` comes too early to tell
 */
export function utf8Step(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return -1;
  if (at + 1 >= end) return 0;
  const second = bytes[at + 1] ?? 0;
  if (!isContinuation(second) || isBadSecond(first, second)) return -1;
  if (first < 0xe0) return 2;
  if (at + 2 >= end) return 0;
  if (!isContinuation(bytes[at + 2] ?? 0)) return -2;
  if (first < 0xf0) return first === 0xed && second >= 0xa0 ? -3 : 3;
  if (at + 3 >= end) return 0;
  return isContinuation(bytes[at + 3] ?? 0) ? 4 : -3;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Longer than it need be, or beyond the last code point. */
function isBadSecond(first: number, second: number): boolean {
  return (
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && (second & 0xf0) !== 0x80)
  );
}

/** UTF-8. A byte order mark stays in the text, as in Java. */
export class Utf8Decoder extends KeepingDecoder {
  protected whole(bytes: Buffer): number {
    for (let at = Math.max(0, bytes.length - 3); at < bytes.length; at++) {
      if (utf8Step(bytes, at, bytes.length) === 0) return at;
    }
    return bytes.length;
  }

  protected decode(bytes: Buffer): string {
    if (isUtf8(bytes)) return bytes.toString();
    let text = '';
    let from = 0;
    for (let at = 0; at < bytes.length; ) {
      const step = utf8Step(bytes, at, bytes.length);
      if (step > 0) {
        at += step;
        continue;
      }
      text += bytes.toString('utf8', from, at) + MALFORMED;
      at += step === 0 ? bytes.length - at : -step;
      from = at;
    }
    return text + bytes.toString('utf8', from);
  }
}

const LONE_SURROGATE = /\p{Surrogate}|\uFFFE/gu;

/** UTF-16 of one byte order. Unlike Java's, it does not swallow the character after half a pair. */
export class Utf16Decoder extends KeepingDecoder {
  readonly #little: boolean;

  constructor(little: boolean) {
    super();
    this.#little = little;
  }

  protected whole(bytes: Buffer): number {
    const even = bytes.length - (bytes.length % 2);
    const last = even >= 2 ? bytes[even - (this.#little ? 1 : 2)] : undefined;
    return last !== undefined && last >= 0xd8 && last <= 0xdb ? even - 2 : even;
  }

  protected decode(bytes: Buffer): string {
    const text = (this.#little ? bytes : Buffer.from(bytes).swap16()).toString('utf16le');
    return text.replace(LONE_SURROGATE, MALFORMED);
  }
}

/** UTF-32 of one byte order. */
export class Utf32Decoder extends KeepingDecoder {
  readonly #little: boolean;

  constructor(little: boolean) {
    super();
    this.#little = little;
  }

  protected whole(bytes: Buffer): number {
    return bytes.length - (bytes.length % 4);
  }

  protected decode(bytes: Buffer): string {
    let text = '';
    for (let at = 0; at < bytes.length; at += 4) {
      const code = this.#little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
      const valid = code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
      text += valid ? String.fromCodePoint(code) : MALFORMED;
    }
    return text;
  }
}

/** A Unicode encoding whose byte order its first bytes may tell. */
export class MarkedDecoder implements RawDecoder {
  readonly #open: (start: Buffer) => { readonly decoder: RawDecoder; readonly skip: number };
  readonly #markBytes: number;
  #start = Buffer.alloc(0);
  #decoder: RawDecoder | undefined;

  /** @param markBytes the length of a mark @param open chooses a decoder by the first bytes, fewer than a mark only at the end */
  constructor(markBytes: number, open: (start: Buffer) => { readonly decoder: RawDecoder; readonly skip: number }) {
    this.#markBytes = markBytes;
    this.#open = open;
  }

  write(bytes: Buffer): string {
    if (this.#decoder !== undefined) return this.#decoder.write(bytes);
    this.#start = Buffer.concat([this.#start, bytes]);
    return this.#start.length < this.#markBytes ? '' : this.#begin();
  }

  end(): string {
    return (this.#decoder === undefined ? this.#begin() : '') + (this.#decoder?.end() ?? '');
  }

  #begin(): string {
    const { decoder, skip } = this.#open(this.#start);
    this.#decoder = decoder;
    return decoder.write(this.#start.subarray(skip));
  }
}
