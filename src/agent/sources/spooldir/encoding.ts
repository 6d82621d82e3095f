/**
 * What the LINE deserializer needs to know of a character set at the level of bytes: where lines end and how wide a
 * character is. So positions are exact byte offsets, and no character is ever cut in two.
 */
import { isUtf8 } from 'node:buffer';
import { StreamjobError } from '../../../core/errors.ts';

/** What to do with bytes that are no text: refuse the file, put U+FFFD, or leave them out. */
export type DecodeErrorPolicy = 'FAIL' | 'REPLACE' | 'IGNORE';

const DOUBLE_BYTE = /^(gbk|gb18030|big5|euc-jp|euc-kr|shift_jis)$/;

/** A character set, by the name that TextDecoder gives it. */
export class Charset {
  readonly name: string;
  /** Bytes of a newline. */
  readonly unit: 1 | 2;
  readonly #policy: DecodeErrorPolicy;
  readonly #decoder: { decode(bytes: Uint8Array): string };

  constructor(name: string, policy: DecodeErrorPolicy) {
    this.name = name;
    this.unit = name.startsWith('utf-16') ? 2 : 1;
    this.#policy = policy;
    this.#decoder = new TextDecoder(name, { fatal: policy === 'FAIL', ignoreBOM: true });
  }

  /** The place of the next newline from `from` on, -1 if there is none. `from` is the start of a character. */
  newline(bytes: Buffer, from: number): number {
    if (this.unit === 1) return bytes.indexOf(0x0a, from);
    const low = this.name === 'utf-16le' ? 0 : 1;
    for (let i = from; i + 1 < bytes.length; i += 2) {
      if (bytes[i + low] === 0x0a && bytes[i + 1 - low] === 0) return i;
    }
    return -1;
  }

  /** The end of the first `chars` UTF-16 units from `from` on; `end` when there are no more. */
  cut(bytes: Buffer, from: number, end: number, chars: number): number {
    let left = chars;
    let at = from;
    while (at < end) {
      const width = this.#width(bytes, at);
      const units = this.#units(bytes, at, width);
      // At least one character, or a piece would be empty and reading never go on.
      if (units > left && at > from) break;
      left -= units;
      at += width;
    }
    return Math.min(at, end);
  }

  /** The bytes of a line as UTF-8. @throws StreamjobError EVENT_UNREADABLE for bytes that are no text, by the policy FAIL */
  toUtf8(bytes: Buffer): Buffer {
    // The copy is what the caller keeps; the read buffer is used again.
    if (this.name === 'utf-8' && isUtf8(bytes)) return Buffer.from(bytes);
    let text: string;
    try {
      text = this.#decoder.decode(bytes);
    } catch {
      throw new StreamjobError('EVENT_UNREADABLE', `a line is not valid ${this.name}`, {
        hint: 'set inputCharset to what the file is in, or decodeErrorPolicy to REPLACE or IGNORE',
      });
    }
    return Buffer.from(this.#policy === 'IGNORE' ? text.replaceAll('\uFFFD', '') : text);
  }

  #width(bytes: Buffer, at: number): number {
    const first = bytes[at] ?? 0;
    if (this.name === 'utf-8') {
      if (first < 0xc2 || first > 0xf4) return 1;
      const wanted = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      let width = 1;
      while (width < wanted && ((bytes[at + width] ?? 0) & 0xc0) === 0x80) width++;
      return width;
    }
    if (this.unit === 2) {
      const high = (this.name === 'utf-16le' ? bytes[at + 1] : first) ?? 0;
      return high >= 0xd8 && high <= 0xdb ? 4 : 2;
    }
    return first >= 0x81 && DOUBLE_BYTE.test(this.name) ? 2 : 1;
  }

  /** Java counts characters in UTF-16 units. */
  #units(bytes: Buffer, at: number, width: number): number {
    return width === 4 && (this.unit === 2 || (bytes[at] ?? 0) >= 0xf0) ? 2 : 1;
  }
}
