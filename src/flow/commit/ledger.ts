/**
 * Sixth step: what became of each batch. A batch commits when all its outputs have, and then never changes; or it is given
 * up whole, and its events come again. The ledger announces it; it does not know who listens.
 */
import { type Batch, holds } from '../batch/batch.ts';
import type { AckToken, Outcome } from '../receive/receiver.ts';

/** Has the one batch that is being processed: no later batch begins before it is committed or given up. */
export class Ledger {
  #current: Batch | undefined;
  readonly #announce: (batch: Batch, outcome: Outcome, reason: string) => void;

  /** @param announce called once per batch, at the moment its fate is sealed */
  constructor(announce: (batch: Batch, outcome: Outcome, reason: string) => void) {
    this.#announce = announce;
  }

  /** The batch that is being processed. */
  get current(): Batch | undefined {
    return this.#current;
  }

  /** It is the batch's turn. */
  begin(batch: Batch): void {
    batch.become('running');
    this.#current = batch;
  }

  /** All outputs of a sealed batch have committed, and it is on disk. */
  commit(): void {
    const current = this.#current;
    if (current?.become('committed') === true) this.#announce(current, 'committed', '');
  }

  /** Gives the current batch up. False: it was not running any more, or is about to commit. */
  giveUp(reason: string): boolean {
    const current = this.#current;
    if (current?.state !== 'running' || !current.become('given-up')) return false;
    this.#announce(current, 'given-up', reason);
    current.abort();
    return true;
  }

  /** The current batch is over, whatever became of it. */
  end(): void {
    this.#current = undefined;
  }

  /** Whether a delivery is in the batch that is being processed and whose fate is open. */
  isOpen(token: AckToken): boolean {
    const current = this.#current;
    if (current === undefined || (current.state !== 'running' && current.state !== 'sealed')) return false;
    return holds(current, token);
  }
}
