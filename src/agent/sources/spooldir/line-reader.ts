/** Reads a file line by line from a byte offset; memory is bounded by the read size and the longest line. */
import type { Hash } from 'node:crypto';
import type fs from 'node:fs/promises';
import { Pieces } from '../pieces.ts';
import type { Deserialized, Deserializer } from './deserializer.ts';
import type { FileEncoding } from './encoding.ts';
import { digestOf, type Progress, type Start } from './position.ts';

const READ_BYTES = 256 * 1024;

/** A file that is being read. */
export class LineReader implements Deserializer {
  readonly whenCut: string;
  readonly #file: fs.FileHandle;
  readonly #encoding: FileEncoding;
  readonly #longest: number;
  #buffer: Buffer = Buffer.alloc(0);
  /** File offset of the start of the buffer, and the place in the buffer where the next line starts. */
  #base: number;
  #at = 0;
  #eof = false;
  #pieces = new Pieces(this.#buffer);
  /** The hash of all bytes of the file before the place `#hashed` in the buffer. */
  readonly #hash: Hash;
  #hashed = 0;

  /** @param file the file, which stays the caller's to close @param longest the longest line, in characters */
  constructor(file: fs.FileHandle, encoding: FileEncoding, longest: number, start: Pick<Start, 'offset' | 'hash'>) {
    this.#file = file;
    this.#encoding = encoding;
    this.#longest = longest;
    this.#base = start.offset;
    this.#hash = start.hash;
    this.whenCut = `lines longer than deserializer.maxLineLength (${longest}) are cut into several events`;
  }

  /** How far the lines go that were read. */
  get progress(): Progress {
    this.#hashRead();
    return { offset: this.#base + this.#at, digest: digestOf(this.#hash) };
  }

  /**
   * Up to `count` lines; fewer only at the end of the file, or before a line that cannot be decoded.
   * @throws StreamjobError EVENT_UNREADABLE when the very next line cannot be decoded
   */
  async read(count: number): Promise<Deserialized[]> {
    const lines: Deserialized[] = [];
    while (lines.length < count) {
      const next = await this.#next();
      if (next === undefined) break;
      const { start, end, after } = next;
      let body: Buffer;
      try {
        body = this.#encoding.toBody(this.#pieces.copy(start, end));
      } catch (error) {
        if (lines.length > 0) break;
        throw error;
      }
      this.#at = after;
      lines.push({
        body,
        cut: after === end && !(this.#eof && after === this.#buffer.length),
      });
    }
    return lines;
  }

  /** Where the next line lies in the buffer; `after` is where the one after it starts. */
  async #next(): Promise<{ start: number; end: number; after: number } | undefined> {
    if (this.#base === 0 && this.#buffer.length === 0 && !this.#eof) {
      await this.#more();
      this.#at = Math.min(this.#encoding.mark, this.#buffer.length);
    }
    let from = this.#at;
    for (;;) {
      const newline = this.#encoding.newline(this.#buffer, from);
      const start = this.#at;
      const end = newline < 0 ? this.#buffer.length : newline;
      // Four bytes a character at most, and some slack so that the last character is whole.
      if (newline < 0 && !this.#eof && end - start < (this.#longest + 2) * 4) {
        const searched = this.#buffer.length - start;
        await this.#more();
        from = this.#at + searched - (searched % this.#encoding.unit);
        continue;
      }
      if (start === end && newline < 0) return undefined;
      const stop = this.#encoding.cut(this.#buffer, start, end, this.#longest, newline >= 0 || this.#eof);
      return { start, end: stop, after: stop < end || newline < 0 ? stop : newline + this.#encoding.unit };
    }
  }

  #hashRead(): void {
    this.#hash.update(this.#buffer.subarray(this.#hashed, this.#at));
    this.#hashed = this.#at;
  }

  async #more(): Promise<void> {
    this.#hashRead();
    this.#hashed = 0;
    const rest = this.#buffer.subarray(this.#at);
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    this.#base += this.#at;
    this.#at = 0;
    const { bytesRead } = await this.#file.read(chunk, 0, READ_BYTES, this.#base + rest.length);
    this.#eof = bytesRead === 0;
    this.#buffer = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    this.#pieces = new Pieces(this.#buffer);
  }
}
