/** How large the files of a checkpoint get before they are cleared up. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** All in bytes. */
export interface CheckpointSizes {
  /** Below this the journal is not tidied. */
  readonly smallJournal: number;
  /** After so many a new segment of the journal is begun. */
  readonly journalSegment: number;
  /** After so many a new file of received events is begun. */
  readonly blockFile: number;
  /** So much of what the journal remembers is written again beside a commit, at least, when it is tidied. */
  readonly leastTidied: number;
}

const USUAL: CheckpointSizes = {
  smallJournal: 16 * MIB,
  journalSegment: 4 * MIB,
  blockFile: 64 * MIB,
  leastTidied: 64 * KIB,
};

let current = USUAL;

/** Those that a checkpoint is opened with now. */
export function checkpointSizes(): CheckpointSizes {
  return current;
}

/**
 * Takes others, so that a simulated job, which has few events, comes to clear up its files as one that runs for days does.
 * @returns puts the usual ones back
 */
export function replaceCheckpointSizes(others: CheckpointSizes): () => void {
  current = others;
  return () => {
    current = USUAL;
  };
}
