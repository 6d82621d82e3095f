/** Where a line ends: at a newline, which is cut off with a return before it, or where the longest line ends. */

export const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** A line, or a piece of one, that was found in some bytes. */
export interface Cut {
  /** Where its bytes end. */
  readonly end: number;
  /** Where the next line begins. */
  readonly next: number;
  /** Whether it is a piece of a line that is longer than the longest. */
  readonly piece: boolean;
}

/**
 * The line that begins at `at`.
 * @param longest the most bytes of an event
 * @param last whether a line counts that has no newline yet
 * @returns undefined when its end is not among the bytes
 * @example cutLine(Buffer.from('a\r\nb'), 0, 100, false); // { end: 1, next: 3, piece: false }
 */
export function cutLine(bytes: Buffer, at: number, longest: number, last: boolean): Cut | undefined {
  const newline = bytes.indexOf(NEWLINE, at);
  if (newline >= 0) {
    const end = newline > at && bytes[newline - 1] === RETURN ? newline - 1 : newline;
    if (end - at <= longest) return { end, next: newline + 1, piece: false };
  } else {
    // A return at the very end may belong to a newline that is still to come.
    const open = !last && bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length;
    if (open - at <= longest) {
      return last && bytes.length > at ? { end: bytes.length, next: bytes.length, piece: false } : undefined;
    }
  }
  const end = characterEnd(bytes, at, at + longest);
  return { end, next: end, piece: true };
}

/** Whether the bytes at `at` are nothing but the end of a line, and where they end. */
export function endOfLine(bytes: Buffer, at: number): number | undefined {
  if (bytes[at] === NEWLINE) return at + 1;
  return bytes[at] === RETURN && bytes[at + 1] === NEWLINE ? at + 2 : undefined;
}

/** The last place up to `end` that is not inside of a character of UTF-8; in other character sets any place is as good. */
function characterEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = end; at > start && at > end - 4; at--) {
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) return at;
  }
  return end;
}
