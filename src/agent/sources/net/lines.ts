/**
 * The lines of one connection, as bodies in UTF-8. Lines that come in UTF-8, as nearly all do, are never made texts; those in another
 * character set are decoded. Both ways give the same lines and refuse the same peers.
 */
import { isUtf8 } from 'node:buffer';
import type { Charset, Decoder } from '../../component/charset/charset.ts';
import { utf8Step } from '../../component/charset/raw.ts';
import { Pieces } from '../pieces.ts';

/** What bytes of a peer have completed. */
export interface CompletedLines {
  readonly bodies: readonly Buffer[];
  /** Why no more is taken from the peer, behind these lines; undefined: it goes on. */
  readonly refusal: 'too long' | 'malformed' | undefined;
}

/** Takes what comes of a connection. */
export interface IncomingLines {
  push(bytes: Buffer): CompletedLines;
}

const NEWLINE = 0x0a;

/** @param longest the longest line, in UTF-16 units, with its newline */
export function incomingLines(encoding: Charset, longest: number): IncomingLines {
  return encoding.name === 'UTF-8' ? new Utf8Lines(longest) : new DecodedLines(encoding.decoder('FAIL'), longest);
}

/** Lines of any character set. */
export class DecodedLines implements IncomingLines {
  readonly #decoder: Decoder;
  readonly #longest: number;
  #rest = '';

  constructor(decoder: Decoder, longest: number) {
    this.#decoder = decoder;
    this.#longest = longest;
  }

  push(bytes: Buffer): CompletedLines {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    const long = lines.findIndex((line) => line.length + 1 > this.#longest);
    const bodies = (long < 0 ? lines : lines.slice(0, long)).map((line) => Buffer.from(line));
    if (long >= 0 || this.#rest.length >= this.#longest) return { bodies, refusal: 'too long' };
    return { bodies, refusal: this.#decoder.failed ? 'malformed' : undefined };
  }
}

/** Lines of UTF-8. */
export class Utf8Lines implements IncomingLines {
  readonly #longest: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(longest: number) {
    this.#longest = longest;
  }

  push(chunk: Buffer): CompletedLines {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const isValid = isUtf8(bytes.subarray(0, end));
    const pieces = new Pieces(bytes);
    const bodies: Buffer[] = [];
    for (let start = 0; start < end; ) {
      const newline = bytes.indexOf(NEWLINE, start);
      const body = pieces.copy(start, newline);
      const valid = isValid || isUtf8(body) ? body.length : validEnd(body).end;
      if (this.#isLong(body.subarray(0, valid))) return { bodies, refusal: 'too long' };
      if (valid < body.length) return { bodies, refusal: 'malformed' };
      bodies.push(body);
      start = newline + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(end));
    const { end: valid, isBegun } = validEnd(this.#rest);
    if (this.#isLong(this.#rest.subarray(0, valid))) return { bodies, refusal: 'too long' };
    return { bodies, refusal: valid === this.#rest.length || isBegun ? undefined : 'malformed' };
  }

  /** Whether a line that its newline is still to follow has as many units as the longest may have with it. */
  #isLong(line: Buffer): boolean {
    // No character has more units than bytes.
    return line.length >= this.#longest && line.toString().length >= this.#longest;
  }
}

/** How far a text is valid UTF-8, and whether what follows is a character that has not come whole yet. */
function validEnd(bytes: Buffer): { readonly end: number; readonly isBegun: boolean } {
  if (isUtf8(bytes)) return { end: bytes.length, isBegun: false };
  for (let at = 0; at < bytes.length; ) {
    const step = utf8Step(bytes, at, bytes.length);
    if (step <= 0) return { end: at, isBegun: step === 0 };
    at += step;
  }
  return { end: bytes.length, isBegun: false };
}
