/**
 * Sixth step: what became of each batch. A batch commits when all its outputs have, and then never changes; or it is given
 * up whole, and its events come again. The ledger announces it; it does not know who listens.
 */
import type { Batch } from '../batch/batch.ts';
import { holds } from '../batch/batch.ts';
import type { AckToken, Outcome } from '../receive/receiver.ts';

/** Where the current batch stands. */
export type BatchState =
  /** Stages or outputs run, or wait to be run again. */
  'running' | Outcome;

/** The one batch that is being processed: no later batch begins before it is committed or given up. */
export class Ledger {
  #current:
    | {
        readonly batch: Batch;
        state: BatchState;
        sealed: boolean;
        readonly abort: AbortController;
      }
    | undefined;
  #lastCommitted = Number.NEGATIVE_INFINITY;
  readonly #announce: (batch: Batch, outcome: Outcome, reason: string) => void;

  /** @param announce called once per batch, at the moment its fate is sealed */
  constructor(announce: (batch: Batch, outcome: Outcome, reason: string) => void) {
    this.#announce = announce;
  }

  /** The batch that is being processed. */
  get current(): Batch | undefined {
    return this.#current?.batch;
  }

  /** The time of the last batch that committed. */
  get lastCommitted(): number {
    return this.#lastCommitted;
  }

  /** @returns a signal that aborts when the batch is given up */
  begin(batch: Batch): AbortSignal {
    const abort = new AbortController();
    this.#current = { batch, state: 'running', sealed: false, abort };
    return abort.signal;
  }

  /**
   * What the batch changed is about to be written: from here on it cannot be given up, or the checkpoint would hold what never
   * was. @returns false: it had been given up already
   */
  seal(): boolean {
    const current = this.#current;
    if (current?.state !== 'running') return false;
    current.sealed = true;
    return true;
  }

  /** All outputs have committed. Nothing happens when the batch has been given up meanwhile. */
  commit(): BatchState {
    const current = this.#current;
    if (current?.state === 'running') {
      current.state = 'committed';
      this.#lastCommitted = current.batch.time;
      this.#announce(current.batch, 'committed', '');
    }
    return current?.state ?? 'committed';
  }

  /** Gives the current batch up. False: it was not running any more, or is about to commit. */
  giveUp(reason: string): boolean {
    const current = this.#current;
    if (current?.state !== 'running' || current.sealed) return false;
    current.state = 'given-up';
    this.#announce(current.batch, 'given-up', reason);
    current.abort.abort();
    return true;
  }

  /** The current batch is over, whatever became of it. */
  end(): void {
    this.#current = undefined;
  }

  /** What was to be written could not be: the batch may be given up again. */
  unseal(): void {
    if (this.#current !== undefined) this.#current.sealed = false;
  }

  /** Whether the current batch is about to commit. */
  get isSealed(): boolean {
    return this.#current?.sealed === true;
  }

  /** Whether a delivery is in the batch that is being processed and whose fate is open. */
  isRunning(token: AckToken): boolean {
    return this.#current?.state === 'running' && holds(this.#current.batch, token);
  }
}
