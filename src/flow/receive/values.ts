/**
 * Values that this process makes or reads itself: handed over as deliveries, kept until their batch has committed, and
 * handed over again when it was given up. The inputs without a peer to acknowledge to are built on it.
 */
import { valuesChunk } from '../../core/chunk.ts';
import type { Intake, Outcome, Reading, Receiver } from './receiver.ts';

/** Called when the values that were handed over together have committed, or are to come again. */
export type OnSettled = (outcome: Outcome) => void;

interface Delivered<T> {
  readonly values: readonly T[];
  readonly onSettled: OnSettled | undefined;
}

/** Values that this process makes or reads itself. */
export class ValuesReceiver<T> implements Receiver {
  readonly name: string;
  readonly reading: Reading = {
    pause: () => {
      this.#isReading = false;
    },
    resume: () => {
      this.#isReading = true;
      this.#wake();
    },
  };
  readonly #onStart: () => void;
  readonly #delivered = new Map<number, Delivered<T>>();
  #intake: Intake | undefined;
  #sequence = 0;
  #open = 0;
  #stopped = false;
  #isReading = true;
  #onRoom: (() => void)[] = [];

  /** @param onStart called at each start */
  constructor(name: string, onStart: () => void = () => {}) {
    this.name = name;
    this.#onStart = onStart;
  }

  /** How many values were handed over and have not committed. */
  get openValues(): number {
    return this.#open;
  }

  /** Whether the backlog lets more in. */
  get isReading(): boolean {
    return this.#isReading;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#onStart();
  }

  /**
   * Hands values over; they are part of the next batch. null: the next batch has no data of this input at all.
   * @param onSettled when given, who hands over takes care of what is given up; otherwise it is handed over again
   */
  push(values: readonly T[] | null, onSettled?: OnSettled): void {
    const sequence = this.#sequence++;
    this.#delivered.set(sequence, { values: values ?? [], onSettled });
    this.#open += values?.length ?? 0;
    this.#intake?.offer({ sequence, events: valuesChunk(values ?? []), bytes: 0, absent: values === null });
  }

  /** Resolves when the backlog lets more in and fewer than `limit` values are open. */
  async room(limit: number): Promise<void> {
    while (!this.#stopped && (!this.#isReading || this.#open >= limit)) {
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
  }

  async settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    let acked = 0;
    const again: (readonly T[])[] = [];
    for (const sequence of sequences) {
      const delivered = this.#delivered.get(sequence);
      if (delivered === undefined) continue;
      this.#delivered.delete(sequence);
      this.#open -= delivered.values.length;
      delivered.onSettled?.(outcome);
      if (outcome === 'committed') acked += delivered.values.length;
      else if (delivered.onSettled === undefined) again.push(delivered.values);
    }
    if (!this.#stopped) for (const values of again) this.push(values);
    this.#wake();
    return acked;
  }

  async stopReceiving(): Promise<void> {
    this.#stopped = true;
    this.#wake();
  }

  abandon(): void {}

  async close(): Promise<void> {
    await this.stopReceiving();
  }

  #wake(): void {
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }
}
