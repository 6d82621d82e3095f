/**
 * What the LINE deserializer needs to know of a character set at the level of bytes: where lines end and how wide a
 * character is. So positions are exact byte offsets, and no character is ever cut in two.
 */
import { isUtf8 } from 'node:buffer';
import { StreamjobError } from '../../../core/errors.ts';
import { type Charset, type DecodeErrorPolicy, Decoder, type Ordered } from '../../component/charset/charset.ts';
import { utf8Step } from '../../component/charset/raw.ts';

/** How the lines of a file are encoded, and what their events' bodies are to be in. */
export interface LineEncoding {
  readonly charset: Charset;
  readonly policy: DecodeErrorPolicy;
  readonly output: Charset;
}

/** The encoding of one file, whose byte order is known. */
export class FileEncoding {
  /** Bytes of a newline. */
  readonly unit: 1 | 2 | 4;
  /** Bytes of the byte order mark that the file begins with. */
  readonly mark: number;
  readonly #encoding: LineEncoding;
  readonly #ordered: Ordered;
  readonly #plain: boolean;

  /** @param start the first bytes of the file, `charset.markBytes` of them if it has so many */
  constructor(encoding: LineEncoding, start: Buffer) {
    this.#encoding = encoding;
    this.#ordered = encoding.charset.ordered(start);
    const { layout, mark } = this.#ordered;
    this.mark = mark;
    this.unit = layout === 'utf-16' ? 2 : layout === 'utf-32' ? 4 : 1;
    this.#plain = layout === 'utf-8' && encoding.output.name === 'UTF-8';
  }

  /** The place of the next newline from `from` on, -1 if there is none. `from` is the start of a character. */
  newline(bytes: Buffer, from: number): number {
    const { unit } = this;
    if (unit === 1) return bytes.indexOf(0x0a, from);
    for (let i = from; i + unit <= bytes.length; i += unit) if (this.#code(bytes, i) === 0x0a) return i;
    return -1;
  }

  /**
   * The end of the first `chars` UTF-16 units from `from` on (Java counts characters in these); `end` when there are no more.
   * @param last whether the text ends at `end`; if not, the character that ends there may not be whole, and is left
   */
  cut(bytes: Buffer, from: number, end: number, chars: number, last: boolean): number {
    // No character has more units than bytes.
    if (last && end - from <= chars) return end;
    if (this.#ordered.layout === 'single-byte') return Math.min(end, from + chars);
    if (this.#ordered.layout === 'multi-byte') return this.#cutByTable(bytes, from, end, chars, last);
    let left = chars;
    let at = from;
    while (at < end) {
      const { width, units } = this.#step(bytes, at, end);
      if (width === 0 && !last) break;
      // At least one character, or a piece would be empty and reading never go on.
      if (units > left && at > from) break;
      left -= units;
      at += width === 0 ? end - at : width;
    }
    return Math.min(at, end);
  }

  /** The body of the event of a line: where nothing has to be converted the bytes themselves. @throws StreamjobError EVENT_UNREADABLE for bytes that are no text, by the policy FAIL */
  toBody(bytes: Buffer): Buffer {
    if (this.#plain && isUtf8(bytes)) return bytes;
    const { charset, policy, output } = this.#encoding;
    const decoder = new Decoder(charset.rawDecoder(this.#ordered), policy);
    const text = decoder.write(bytes) + decoder.end();
    if (decoder.failed) {
      throw new StreamjobError('EVENT_UNREADABLE', `a line is not valid ${charset.name}`, {
        hint: 'set inputCharset to what the file is in, or decodeErrorPolicy to REPLACE or IGNORE',
      });
    }
    return output.encode(text);
  }

  /** The character at a place: its bytes, 0 when it is not whole, and its UTF-16 units once it is decoded. */
  #step(bytes: Buffer, at: number, end: number): { readonly width: number; readonly units: number } {
    const malformed = this.#encoding.policy === 'IGNORE' ? 0 : 1;
    const { layout } = this.#ordered;
    if (layout === 'utf-8') {
      const step = utf8Step(bytes, at, end);
      return step > 0 ? { width: step, units: step === 4 ? 2 : 1 } : { width: -step, units: malformed };
    }
    if (at + this.unit > end) return { width: 0, units: malformed };
    const code = this.#code(bytes, at);
    if (layout === 'utf-32') {
      const valid = code <= 0x10_ffff && (code < 0xd800 || code > 0xdfff);
      return { width: 4, units: valid ? (code > 0xffff ? 2 : 1) : malformed };
    }
    if (code < 0xd800 || code > 0xdfff) return { width: 2, units: code === 0xfffe ? malformed : 1 };
    if (code > 0xdbff) return { width: 2, units: malformed };
    if (at + 4 > end) return { width: 0, units: malformed };
    const low = this.#code(bytes, at + 2);
    return low >= 0xdc00 && low <= 0xdfff ? { width: 4, units: 2 } : { width: 2, units: malformed };
  }

  /** One byte after the other: which bytes belong together only the table knows. */
  #cutByTable(bytes: Buffer, from: number, end: number, chars: number, last: boolean): number {
    const { charset, policy } = this.#encoding;
    const decoder = new Decoder(charset.rawDecoder(this.#ordered), policy === 'FAIL' ? 'REPLACE' : policy);
    let left = chars;
    let stop = from;
    for (let at = from; at < end; at++) {
      const { length } = decoder.write(bytes.subarray(at, at + 1));
      if (length === 0) continue;
      if (length > left && stop > from) return stop;
      left -= length;
      stop = at + 1;
    }
    return last || stop === from ? end : stop;
  }

  #code(bytes: Buffer, at: number): number {
    if (this.unit === 4) return this.#ordered.little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
    return this.#ordered.little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }
}
