/**
 * Last step: tokens travel back to the receivers, batch by batch in the order of their fate, while later batches already
 * run. How long a receiver may take to settle is bounded by the receiver itself.
 */
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { ackedBefore, type Batch, tokensOf } from '../batch/batch.ts';
import type { Attachments } from '../receive/attachments.ts';
import type { Held } from '../receive/on-the-way.ts';
import type { AckToken, Outcome } from '../receive/receiver.ts';

/** Settles batches one after the other. */
export class Settlement {
  readonly #attachments: Attachments;
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();
  /** Batches whose peers have not all been told. */
  readonly #open = new Set<Batch>();

  constructor(attachments: Attachments, log: Logger) {
    this.#attachments = attachments;
    this.#log = log;
  }

  /** Gives the tokens of `batch` back; `done` gets how many events were acknowledged. */
  settle(batch: Batch, outcome: Outcome, done: (acked: number) => void): void {
    const { time } = batch;
    this.#open.add(batch);
    const settling = [...tokensOf(batch).values()].map((tokens) => this.#settle(tokens, outcome, { batch: time }));
    this.#last = this.#last.then(async () => {
      const counts = await Promise.all(settling);
      this.#open.delete(batch);
      done(counts.reduce((sum, count) => sum + count, ackedBefore(batch)));
    });
  }

  /** Events whose peers are being told. */
  get open(): Held {
    let events = 0;
    for (const batch of this.#open) events += batch.events;
    const [oldest] = this.#open;
    return { events, since: oldest?.oldest };
  }

  /** Settles one delivery outside of any batch. @returns how many events were acknowledged */
  settleOne(token: AckToken, outcome: Outcome): Promise<number> {
    return this.#settle([token], outcome, {});
  }

  /** Resolves when everything has been settled. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #settle(tokens: readonly AckToken[], outcome: Outcome, detail: object): Promise<number> {
    try {
      return await this.#attachments.settle(tokens, outcome);
    } catch (error) {
      // The peer will send its events again: nothing is lost, but somebody should know.
      this.#log.error({ ...detail, err: error }, `acknowledging failed: ${messageOf(error)}`);
      return 0;
    }
  }
}
