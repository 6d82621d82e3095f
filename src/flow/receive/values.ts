/**
 * Values that this process makes or reads itself: handed over as deliveries, kept until their batch has committed, and
 * handed over again when it was given up. The inputs without a peer to acknowledge to are built on it.
 */
import { valuesChunk } from '../../core/chunk.ts';
import type { AckToken, Intake, Outcome, Receiver } from './receiver.ts';

/** Called when the values that were handed over together have committed, or are to come again. */
export type OnSettled = (outcome: Outcome) => void;

interface Delivered<T> {
  readonly values: readonly T[];
  readonly onSettled: OnSettled | undefined;
}

/** Values that this process makes or reads itself. */
export class ValuesReceiver<T> implements Receiver {
  readonly id: number;
  readonly name: string;
  readonly #delivered = new Map<number, Delivered<T>>();
  #intake: Intake | undefined;
  #sequence = 0;
  #open = 0;
  #stopped = false;
  #reading = true;
  #onRoom: (() => void)[] = [];

  constructor(id: number, name = `values stream [${id}]`) {
    this.id = id;
    this.name = name;
  }

  /** How many values were handed over and have not committed. */
  get openValues(): number {
    return this.#open;
  }

  /** Whether the backlog lets more in. */
  get reading(): boolean {
    return this.#reading;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
  }

  /**
   * Hands values over; they are part of the next batch. null: the next batch has no data of this input at all.
   * @param onSettled when given, who hands over takes care of what is given up; otherwise it is handed over again
   */
  push(values: readonly T[] | null, onSettled?: OnSettled): void {
    const token: AckToken = { receiver: this.id, sequence: this.#sequence++ };
    this.#delivered.set(token.sequence, { values: values ?? [], onSettled });
    this.#open += values?.length ?? 0;
    this.#intake?.offer({ token, events: valuesChunk(values ?? []), bytes: 0, absent: values === null });
  }

  /** Resolves when the backlog lets more in and fewer than `limit` values are open. */
  async room(limit: number): Promise<void> {
    while (!this.#stopped && (!this.#reading || this.#open >= limit)) {
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
  }

  pauseReading(): void {
    this.#reading = false;
  }

  resumeReading(): void {
    this.#reading = true;
    this.#wake();
  }

  async settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    let acked = 0;
    const again: (readonly T[])[] = [];
    for (const { sequence } of tokens) {
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

  async close(): Promise<void> {
    await this.stopReceiving();
  }

  #wake(): void {
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }
}
