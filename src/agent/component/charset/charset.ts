/**
 * Character sets as Java has them, for every component that has one as a property: names and aliases, byte order marks, what bytes are
 * no characters and what becomes of them. Tables are iconv-lite's: single-byte sets are as in Java; those of East Asia are the ones that
 * browsers have, which differ from Java's in a few punctuation marks.
 */
import iconv from 'iconv-lite';
import { charsetName, iconvName } from './names.ts';
import {
  KeepingDecoder,
  MALFORMED,
  MarkedDecoder,
  type RawDecoder,
  Utf8Decoder,
  Utf16Decoder,
  Utf32Decoder,
} from './raw.ts';

/** What becomes of bytes that are no character: nothing is decoded from there on, U+FFFD takes their place, they are left out. */
export type DecodeErrorPolicy = 'FAIL' | 'REPLACE' | 'IGNORE';

/** How characters lie in bytes: what reading line by line must know. */
export type Layout = 'utf-8' | 'utf-16' | 'utf-32' | 'single-byte' | 'multi-byte';

/** A character set whose byte order is known. */
export interface Ordered {
  readonly layout: Layout;
  /** Whether the low byte comes first (UTF-16, UTF-32). */
  readonly little: boolean;
  /** The length of the byte order mark that told it, in bytes. */
  readonly mark: number;
}

const MULTI_BYTE = /^(Big5|EUC|GB|Shift_JIS|windows-31j)/;
/** Sets whose decoders look for a byte order mark, and whether they take the low byte first when there is none. */
const MARKED: Readonly<Record<string, boolean>> = { 'UTF-16': false, 'UTF-32': false, 'x-UTF-16LE-BOM': true };
/** What their encoders put first. */
const MARKS: Readonly<Record<string, Buffer>> = {
  'UTF-16': Buffer.of(0xfe, 0xff),
  'x-UTF-16LE-BOM': Buffer.of(0xff, 0xfe),
};

/** A character set. */
export class Charset {
  /** Java's name of it. */
  readonly name: string;
  readonly #layout: Layout;

  private constructor(name: string) {
    this.name = name;
    this.#layout = layoutOf(name);
  }

  /**
   * The character set of a name or alias that Java knows.
   * @returns undefined when it is not known here
   * @example Charset.find('latin1')?.name // 'ISO-8859-1'
   */
  static find(name: string): Charset | undefined {
    const known = charsetName(name);
    return known === undefined ? undefined : new Charset(known);
  }

  /** How many bytes a byte order mark has; 0 when none is looked for. */
  get markBytes(): number {
    if (!(this.name in MARKED)) return 0;
    return this.#layout === 'utf-32' ? 4 : 2;
  }

  /**
   * The same character set with the byte order that the beginning of a text tells.
   * @param start the first `markBytes` bytes of the text, fewer when it has no more
   */
  ordered(start: Buffer): Ordered {
    const layout = this.#layout;
    if (!(this.name in MARKED)) return { layout, little: this.name.endsWith('LE'), mark: 0 };
    const mark = this.markBytes;
    const hex = start.subarray(0, mark).toString('hex');
    if (hex === (mark === 2 ? 'feff' : '0000feff')) return { layout, little: false, mark };
    if (hex === (mark === 2 ? 'fffe' : 'fffe0000')) return { layout, little: true, mark };
    return { layout, little: MARKED[this.name] === true, mark: 0 };
  }

  /** A decoder of a stream of bytes. */
  decoder(policy: DecodeErrorPolicy): Decoder {
    const { markBytes } = this;
    const raw =
      markBytes === 0
        ? this.rawDecoder(this.ordered(Buffer.alloc(0)))
        : new MarkedDecoder(markBytes, (start) => {
            const ordered = this.ordered(start);
            return { decoder: this.rawDecoder(ordered), skip: ordered.mark };
          });
    return new Decoder(raw, policy);
  }

  /** A decoder that looks for no byte order mark. */
  rawDecoder({ layout, little }: Ordered): RawDecoder {
    if (layout === 'utf-8') return new Utf8Decoder();
    if (layout === 'utf-16') return new Utf16Decoder(little);
    if (layout === 'utf-32') return new Utf32Decoder(little);
    return new TableDecoder(iconvName(this.name), layout === 'single-byte');
  }

  /** The bytes of a text by itself, as Java's `getBytes`: with a byte order mark in UTF-16; `?` for what the set does not have. */
  encode(text: string): Buffer {
    return this.encoder()(text);
  }

  /** An encoder of a stream of texts, as a Java writer: a byte order mark comes first of all, once. */
  encoder(): (text: string) => Buffer {
    let mark = MARKS[this.name];
    return (text) => {
      const bytes = this.#encode(text);
      if (mark === undefined || text === '') return bytes;
      const first = Buffer.concat([mark, bytes]);
      mark = undefined;
      return first;
    };
  }

  #encode(text: string): Buffer {
    const { little } = this.ordered(Buffer.alloc(0));
    if (this.#layout === 'utf-8') return Buffer.from(text);
    if (this.#layout === 'utf-16') {
      const bytes = Buffer.from(text, 'utf16le');
      return little ? bytes : bytes.swap16();
    }
    if (this.#layout === 'utf-32') return iconv.encode(text, little ? 'utf-32le' : 'utf-32be', { addBOM: false });
    // One ? for a character, also for one that is a pair of UTF-16 units; U+FFFD has a byte in some of iconv-lite's tables.
    const known = this.#layout === 'single-byte' ? text.replace(/[\u{10000}-\u{10FFFF}\uFFFD]/gu, '?') : text;
    return iconv.encode(known, iconvName(this.name));
  }
}

function layoutOf(name: string): Layout {
  if (name === 'UTF-8') return 'utf-8';
  if (name.includes('UTF-16')) return 'utf-16';
  if (name.startsWith('UTF-32')) return 'utf-32';
  return MULTI_BYTE.test(name) ? 'multi-byte' : 'single-byte';
}

/** A set of iconv-lite's, which puts U+FFFD for what is no character. Its decoders of streams lose half of a pair that comes with the last byte alone. */
class TableDecoder extends KeepingDecoder {
  readonly #name: string;
  readonly #single: boolean;

  constructor(name: string, single: boolean) {
    super();
    this.#name = name;
    this.#single = single;
  }

  protected whole(bytes: Buffer): number {
    if (this.#single) return bytes.length;
    for (let kept = 0; kept < LONGEST_CHARACTER && kept < bytes.length; kept++) {
      const decoder = iconv.getDecoder(this.#name);
      decoder.write(bytes.subarray(0, bytes.length - kept));
      if ((decoder.end() ?? '') === '') return bytes.length - kept;
    }
    return bytes.length < LONGEST_CHARACTER ? 0 : bytes.length;
  }

  protected decode(bytes: Buffer): string {
    return iconv.decode(bytes, this.#name, { stripBOM: false }).replaceAll('\uFFFD', MALFORMED);
  }
}

/** Bytes of a character in any of the tables. */
const LONGEST_CHARACTER = 4;

/** Decodes a stream of bytes by a policy. */
export class Decoder {
  readonly #raw: RawDecoder;
  readonly #policy: DecodeErrorPolicy;
  #failed = false;

  constructor(raw: RawDecoder, policy: DecodeErrorPolicy) {
    this.#raw = raw;
    this.#policy = policy;
  }

  /** With the policy FAIL: whether bytes came that are no character. What came before them was given out, nothing after them is. */
  get failed(): boolean {
    return this.#failed;
  }

  /** The text that `bytes` complete. */
  write(bytes: Buffer): string {
    return this.#failed ? '' : this.#judge(this.#raw.write(bytes));
  }

  /** What is left at the end. */
  end(): string {
    return this.#failed ? '' : this.#judge(this.#raw.end());
  }

  #judge(text: string): string {
    const at = text.search(MALFORMED_MARK);
    if (at < 0) return text;
    if (this.#policy === 'FAIL') {
      this.#failed = true;
      return text.slice(0, at);
    }
    return text.replace(ALL_MALFORMED_MARKS, this.#policy === 'REPLACE' ? '\uFFFD' : '');
  }
}

/** The mark by itself: as one half of a pair it is part of a character. */
const MALFORMED_MARK = /\p{Surrogate}/u;
const ALL_MALFORMED_MARKS = /\p{Surrogate}/gu;
