/**
 * Long work in slices: who has done a slice waits for its next turn. One slice is done in each turn of the event loop, whoever it
 * belongs to, so that many who work at once do not add up to one long hold.
 */
import { monotonicMs, ofProcess, soon } from './machine.ts';

const waitingOf = ofProcess((): (() => void)[] => []);

/** Resolves when it is the caller's turn again, in the order of the calls. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const waiting = waitingOf();
    waiting.push(resolve);
    if (waiting.length === 1) soon(takeTurn);
  });
}

function takeTurn(): void {
  const waiting = waitingOf();
  waiting.shift()?.();
  // Who works on calls nextTurn again before this one comes.
  if (waiting.length > 0) soon(takeTurn);
}

/** How long the loop is kept without a break, in ms. */
const SLICE_MS = 8;

/**
 * Gives the event loop back now and then. Promises that are settled already follow each other without a break: a run of batches that are
 * late and empty would let no socket and no timer have its turn.
 */
export class TurnTaker {
  #end = 0;

  /** Resolves at once, or a turn of the loop later when the loop was kept for long. */
  async yield(): Promise<void> {
    if (monotonicMs() < this.#end) return;
    await nextTurn();
    this.#end = monotonicMs() + SLICE_MS;
  }
}
