/** A receiver of values that the program itself hands over; nobody waits for an acknowledgement. The test kit feeds it. */
import type { Chunk } from '../../core/chunk.ts';
import type { AckToken, Intake, Outcome, Receiver } from './receiver.ts';

/** See the file's head. */
export class ValuesReceiver<T> implements Receiver {
  readonly id: number;
  readonly name: string;
  #intake: Intake | undefined;
  #sequence = 0;
  readonly #counts = new Map<number, number>();

  constructor(id: number) {
    this.id = id;
    this.name = `values stream [${id}]`;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
  }

  /** Hands values over; they are part of the next batch. null: the next batch has no data of this input at all. */
  push(values: readonly T[] | null): void {
    const token: AckToken = { receiver: this.id, sequence: this.#sequence++ };
    this.#counts.set(token.sequence, values?.length ?? 0);
    this.#intake?.offer({ token, events: new ValuesChunk(values ?? []), bytes: 0, absent: values === null });
  }

  pauseReading(): void {}

  resumeReading(): void {}

  async settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    let acked = 0;
    for (const { sequence } of tokens) {
      if (outcome === 'committed') acked += this.#counts.get(sequence) ?? 0;
      this.#counts.delete(sequence);
    }
    return acked;
  }

  async stopReceiving(): Promise<void> {}

  async close(): Promise<void> {}
}

/** All values as one piece; a batch that has only this one cuts it into partitions. */
class ValuesChunk<T> implements Chunk<T> {
  readonly values: readonly T[];

  constructor(values: readonly T[]) {
    this.values = values;
  }

  get count(): number {
    return this.values.length;
  }

  forEach(visit: (value: T) => void): void {
    this.values.forEach(visit);
  }
}
