/** What parts of a translation hand each other. */

/** How a pattern is to be read. */
export interface Mode {
  /** Of ASCII letters alone, unless `unicodeCase`, too. */
  readonly ignoresCase: boolean;
  readonly unicodeCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

/** A part that was translated. */
export interface Piece {
  readonly text: string;
  /** Where it ends in the source. */
  readonly end: number;
}
