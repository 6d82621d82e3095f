/**
 * How the members that run a batch together trade pieces of partitions. All members run the same lineages in the same order;
 * ownership.ts says which of them has which partition. An engine of one thread is a crew of one member.
 */

/** Values of one partition that are wanted in another one. */
export interface Piece<P> {
  /** The partition that it comes from: pieces are put together in this order, so that every crew gives the same result. */
  readonly source: number;
  /** The partition that it is for. */
  readonly target: number;
  readonly data: P;
}

/** What pieces look like on their way to another member: plain data. */
export interface PieceCodec<P> {
  encode(data: P): unknown;
  decode(encoded: unknown): P;
}

/** How the members that run a batch together trade pieces of partitions. */
export interface Exchange {
  /** The number of this member, from 0. */
  readonly member: number;
  readonly members: number;
  /**
   * Gives each piece to the owner of its target. Every member calls it for the same shuffle, with pieces or without.
   * @returns the pieces for this member's partitions, by their sources
   * @throws what made the attempt end on another member
   */
  trade<P>(pieces: readonly Piece<P>[], codec: PieceCodec<P>): Promise<readonly Piece<P>[]>;
}

/** Of a crew of one: all pieces are its own. */
export const noExchange: Exchange = {
  member: 0,
  members: 1,
  trade: (pieces) => Promise.resolve(pieces),
};

/** A partition that another member has. */
export class ElsewherePartition {
  readonly owner: number;

  constructor(owner: number) {
    this.owner = owner;
  }

  get chunks(): never[] {
    return [];
  }
}
