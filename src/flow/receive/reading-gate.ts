/**
 * Whether receivers may read: the one place where the reasons against it meet. A receiver reads when nothing is against it;
 * that one reason ends does not make it read while another one holds.
 */
import type { Receiver } from './receiver.ts';

/** What may be against reading: memory and the peers' time limits (all receivers), or the rate of one receiver. */
export type PauseReason = 'backlog' | 'rate';

/** Whether receivers may read. */
export class ReadingGate {
  readonly #receivers: readonly Receiver[];
  readonly #against = new Map<Receiver, Set<PauseReason>>();
  /** What was said last of each reason for all of them. */
  readonly #said = new Map<PauseReason, boolean>();

  constructor(receivers: readonly Receiver[]) {
    this.#receivers = receivers;
    for (const receiver of receivers) this.#against.set(receiver, new Set());
  }

  /**
   * Stops or allows all receivers for one reason. A receiver that reads again may bring so much at once that all are stopped before the
   * others are allowed to read: what was said last holds.
   */
  setAll(reason: PauseReason, paused: boolean): void {
    this.#said.set(reason, paused);
    for (const receiver of this.#receivers) {
      if (this.#said.get(reason) !== paused) return;
      this.set(receiver, reason, paused);
    }
  }

  /** Stops or allows one receiver for one reason. Saying the same twice does nothing. */
  set(receiver: Receiver, reason: PauseReason, paused: boolean): void {
    const reasons = this.#against.get(receiver);
    if (reasons === undefined || reasons.has(reason) === paused) return;
    if (paused) reasons.add(reason);
    else reasons.delete(reason);
    if (paused && reasons.size === 1) receiver.reading?.pause();
    if (!paused && reasons.size === 0) receiver.reading?.resume();
  }
}
