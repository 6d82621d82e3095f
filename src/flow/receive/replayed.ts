/** The receiver of an input whose deliveries were recorded: it stands in the place of the job's own, and hands over what it is given. */
import type { Chunk } from '../../core/chunk.ts';
import type { Intake, Outcome, Receiver } from './receiver.ts';

/** The receiver of an input whose deliveries were recorded. */
export class ReplayedReceiver implements Receiver {
  readonly name: string;
  readonly #delivered = new Map<number, Chunk<unknown>>();
  #intake: Intake | undefined;
  #sequence = 0;

  /** @param name of the receiver in whose place it is */
  constructor(name: string) {
    this.name = name;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
  }

  /** Hands a delivery over: it is part of the next batch. */
  push(events: Chunk<unknown>): void {
    const sequence = this.#sequence++;
    this.#delivered.set(sequence, events);
    this.#intake?.offer({ sequence, events, bytes: 0 });
  }

  async settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    let acked = 0;
    for (const sequence of sequences) {
      if (outcome === 'committed') acked += this.#delivered.get(sequence)?.count ?? 0;
      this.#delivered.delete(sequence);
    }
    return acked;
  }

  async stopReceiving(): Promise<void> {}

  abandon(): void {}

  async close(): Promise<void> {}
}
