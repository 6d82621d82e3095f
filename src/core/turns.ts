/**
 * Gives the event loop back now and then. Promises that are settled already follow each other without a break: a run of batches that are
 * late and empty would let no socket and no timer have its turn.
 */

/** How long the loop is kept without a break, in ms. */
const SLICE_MS = 8;

/** See the file's head. */
export class TurnTaker {
  #end = 0;

  /** Resolves at once, or a turn of the loop later when the loop was kept for long. */
  async yield(): Promise<void> {
    if (performance.now() < this.#end) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#end = performance.now() + SLICE_MS;
  }
}
