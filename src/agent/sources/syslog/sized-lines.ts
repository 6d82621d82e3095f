/** Cuts bytes into lines of a largest size. Source: the LineSplitter of Flume's MultiportSyslogTCPSource. */

/** A line without its newline. */
export interface SizedLine {
  readonly bytes: Buffer;
  /** Whether the line was longer; its rest is the next one. */
  readonly cut: boolean;
}

const NEWLINE = 0x0a;

/** The lines of one connection. */
export class SizedLines {
  readonly #size: number;
  #held: Buffer = Buffer.alloc(0);

  /** @param size of the largest line with its newline, in bytes */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes bytes; returns the lines that they complete, without empty ones. */
  feed(chunk: Buffer): SizedLine[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const lines: SizedLine[] = [];
    let at = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, at);
      const ends = newline >= 0 && newline - at < this.#size;
      if (!ends && bytes.length - at < this.#size) break;
      const end = ends ? newline : at + this.#size;
      if (end > at) lines.push({ bytes: bytes.subarray(at, end), cut: !ends });
      at = ends ? newline + 1 : end;
    }
    this.#held = Buffer.from(bytes.subarray(at));
    return lines;
  }
}
