/**
 * Last step: tokens travel back to the receivers, batch by batch in the order of their fate, while later batches already
 * run. How long a receiver may take to settle is bounded by the receiver itself.
 */
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { ackedBefore, type Batch, tokensOf } from '../batch/batch.ts';
import type { AckToken, Outcome, Receiver } from '../receive/receiver.ts';

/** Settles batches one after the other. */
export class Settlement {
  readonly #receivers: ReadonlyMap<number, Receiver>;
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();

  constructor(receivers: readonly Receiver[], log: Logger) {
    this.#receivers = new Map(receivers.map((receiver) => [receiver.id, receiver]));
    this.#log = log;
  }

  /** Gives the tokens of `batch` back; `done` gets how many events were acknowledged. */
  settle(batch: Batch, outcome: Outcome, done: (acked: number) => void): void {
    const settling = [...tokensOf(batch)].map(async ([id, tokens]) => {
      try {
        return (await this.#receivers.get(id)?.settle(tokens, outcome)) ?? 0;
      } catch (error) {
        // The peer will send its events again: nothing is lost, but somebody should know.
        this.#log.error({ err: error, batch: batch.time }, `acknowledging failed: ${messageOf(error)}`);
        return 0;
      }
    });
    this.#last = this.#last.then(async () => {
      const counts = await Promise.all(settling);
      done(counts.reduce((sum, count) => sum + count, ackedBefore(batch)));
    });
  }

  /** Settles one delivery outside of any batch. @returns how many events were acknowledged */
  async settleOne({ receiver, sequence }: AckToken, outcome: Outcome): Promise<number> {
    try {
      return (await this.#receivers.get(receiver)?.settle([{ receiver, sequence }], outcome)) ?? 0;
    } catch (error) {
      this.#log.error({ err: error }, `acknowledging failed: ${messageOf(error)}`);
      return 0;
    }
  }

  /** Resolves when everything has been settled. */
  idle(): Promise<void> {
    return this.#last;
  }
}
