/**
 * Parts of a buffer that is read in, as views of copies of small pieces of it: each of many small bodies costs one object, and one that is
 * kept (in a channel, when all others were filtered out) keeps no more than a piece.
 */

const PIECE_BYTES = 16 * 1024;

/** Copies parts of one buffer, in the order in which they stand in it. */
export class Pieces {
  readonly #bytes: Buffer;
  #piece: Buffer = Buffer.alloc(0);
  /** Where the piece begins in the buffer. */
  #at = 0;

  /** @param bytes may be written to again once all parts of it were copied */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The bytes from `start` to `end`, in memory that is not written to again. */
  copy(start: number, end: number): Buffer {
    if (end > this.#at + this.#piece.length || start < this.#at) {
      this.#piece = Buffer.from(this.#bytes.subarray(start, Math.max(end, start + PIECE_BYTES)));
      this.#at = start;
    }
    return this.#piece.subarray(start - this.#at, end - this.#at);
  }
}
