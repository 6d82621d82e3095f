/**
 * Reads the lines of a tailed file behind its position. Each read begins with the bytes before the position: they must be those that
 * were there when it was noted, or the file was truncated or written anew, or another file has its inode. So no read takes lines of
 * other bytes than those that it has proved to go on from. Memory is bounded by the longest line and the bytes of a batch.
 */
import type { FileHandle } from 'node:fs/promises';
import { compressionOf } from './compressed.ts';
import { cutLine, endOfLine, NEWLINE } from './cut-line.ts';
import { PROOF_BYTES, type Proof, proofLength, proves, type Tail } from './tail.ts';

const WINDOW_BYTES = 64 * 1024;
/** A batch has no more bytes than that and one line. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** One event's body. */
export interface Line {
  readonly body: Buffer;
  /** Where it begins in the file, in bytes. */
  readonly offset: number;
}

/** What a read found. */
export type Found =
  | {
      /** Lines, or (rarely) none, when only a newline was left of a line that is an event already. */
      readonly kind: 'lines';
      readonly lines: readonly Line[];
      /** Where the next line begins, in bytes, and what proves it. */
      readonly pos: number;
      readonly proof: Proof;
      /** Whether a line was longer than the longest. */
      readonly cut: boolean;
    }
  /** The end of the file. `held`: how many bytes of a line that has no newline yet are there. */
  | { readonly kind: 'end'; readonly held: number; readonly proof: Proof }
  /** The bytes before the position are others, or gone. */
  | { readonly kind: 'rewritten' }
  | { readonly kind: 'compressed'; readonly by: string };

/** How much is read at once. */
export interface ReadLimits {
  /** Lines of a batch. */
  readonly lines: number;
  /** Bytes of a line. */
  readonly longest: number;
}

/** Reads one file after the other. */
export class TailReader {
  readonly #limits: ReadLimits;
  #window: Buffer = Buffer.allocUnsafe(WINDOW_BYTES);
  #file: FileHandle | undefined;
  /** The bytes of the window that are the file's, where they begin in the file, and where in them the next line begins. */
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  #at = 0;
  /** What is known of the bytes before the next line, until a read has proved it. */
  #proof: Proof = { kind: 'none', newline: false };

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /** Goes to a file. @param file the file of the tail, which stays the caller's to close */
  begin(tail: Tail, file: FileHandle): void {
    // A long line has made it large, which the next one does not need.
    if (this.#window.length > WINDOW_BYTES) this.#window = Buffer.allocUnsafe(WINDOW_BYTES);
    this.#file = file;
    this.#bytes = this.#window.subarray(0, 0);
    this.#base = tail.pos;
    this.#at = 0;
    this.#proof = tail.proof;
  }

  /**
   * The next batch.
   * @param last whether bytes at the end of the file are a line although they have no newline
   * @throws system errors of the file
   */
  async next(last: boolean): Promise<Found> {
    const lines: Line[] = [];
    const start = this.#base + this.#at;
    let size = 0;
    let cut = false;
    let ended = false;
    while (lines.length < this.#limits.lines && size < BATCH_BYTES) {
      this.#skipEndOfLine();
      const line = cutLine(this.#bytes, this.#at, this.#limits.longest, last && ended);
      if (line !== undefined) {
        const body = Buffer.from(this.#bytes.subarray(this.#at, line.end));
        lines.push({ body, offset: this.#base + this.#at });
        size += body.length;
        cut ||= line.piece;
        this.#at = line.next;
        continue;
      }
      if (ended) break;
      const filled = await this.#fill();
      if (filled === 'more') continue;
      if (filled === 'end') ended = true;
      else if (lines.length === 0) return filled;
      // What was proved before stays so; the next call meets the same again.
      else break;
    }
    const pos = this.#base + this.#at;
    const proof = this.#proofHere();
    if (pos === start) return { kind: 'end', held: this.#bytes.length - this.#at, proof };
    return { kind: 'lines', lines, pos, proof, cut };
  }

  /** A newline that comes after its line was made an event (at idleTimeout, or as it was too long) is no line of its own. */
  #skipEndOfLine(): void {
    if (this.#at > 0 && this.#bytes[this.#at - 1] !== NEWLINE) this.#at = endOfLine(this.#bytes, this.#at) ?? this.#at;
  }

  /** The bytes before the next line, which a read has proved. */
  #proofHere(): Proof {
    if (this.#bytes.length === 0) return this.#proof;
    return { kind: 'bytes', bytes: Buffer.from(this.#bytes.subarray(Math.max(0, this.#at - PROOF_BYTES), this.#at)) };
  }

  /** Reads on from the bytes before the next line. */
  async #fill(): Promise<'more' | 'end' | Exclude<Found, { kind: 'lines' | 'end' }>> {
    const proof = this.#proofHere();
    const pos = this.#base + this.#at;
    const length = proofLength(proof, pos);
    const known = this.#bytes.length - this.#at;
    // No line ends in a window that is full: it must be larger.
    if (known > 0 && length + known >= this.#window.length) {
      this.#window = Buffer.allocUnsafe(this.#window.length * 2);
    }
    const count = await this.#read(pos - length);
    const bytes = this.#window.subarray(0, count);
    if (count < length || !proves(proof, bytes.subarray(0, length))) {
      // Not proved: the next call reads again.
      this.#bytes = this.#window.subarray(0, 0);
      this.#base = pos;
      this.#at = 0;
      this.#proof = proof;
      return { kind: 'rewritten' };
    }
    this.#bytes = bytes;
    this.#base = pos - length;
    this.#at = length;
    if (pos === 0) {
      const by = compressionOf(bytes);
      if (by !== undefined) return { kind: 'compressed', by };
    }
    return count - length > known ? 'more' : 'end';
  }

  /** Fills the window from a place in the file. @returns how many bytes there were */
  async #read(from: number): Promise<number> {
    let filled = 0;
    while (filled < this.#window.length) {
      const read = await this.#file?.read(this.#window, filled, this.#window.length - filled, from + filled);
      if (read === undefined || read.bytesRead === 0) break;
      filled += read.bytesRead;
    }
    return filled;
  }
}
