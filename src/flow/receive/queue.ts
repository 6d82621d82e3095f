/** Values that the program queues: at each batch the next array, or all that are queued. Source: Spark's QueueInputDStream. */
import type { AckToken, Intake, Outcome, Receiver } from './receiver.ts';
import { ValuesReceiver } from './values.ts';

/** Values that the program queues. */
export class QueueReceiver<T> implements Receiver {
  readonly id: number;
  readonly name: string;
  readonly #queue: (readonly T[])[];
  readonly #oneAtATime: boolean;
  readonly #defaultValues: readonly T[];
  readonly #values: ValuesReceiver<T>;

  constructor(id: number, queue: (readonly T[])[], oneAtATime: boolean, defaultValues: readonly T[]) {
    this.id = id;
    this.name = `queue stream [${id}]`;
    this.#queue = queue;
    this.#oneAtATime = oneAtATime;
    this.#defaultValues = defaultValues;
    this.#values = new ValuesReceiver<T>(id, this.name);
  }

  /** Whether something is queued. */
  get pending(): boolean {
    return this.#queue.length > 0;
  }

  start(intake: Intake): Promise<void> {
    return this.#values.start(intake);
  }

  async beforeBatch(): Promise<void> {
    const taken = this.#oneAtATime ? this.#queue.splice(0, 1) : this.#queue.splice(0);
    this.#values.push(taken.length === 0 ? this.#defaultValues : (taken.flat() as readonly T[]));
  }

  pauseReading(): void {}

  resumeReading(): void {}

  settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    return this.#values.settle(tokens, outcome);
  }

  stopReceiving(): Promise<void> {
    return this.#values.stopReceiving();
  }

  close(): Promise<void> {
    return this.#values.close();
  }
}
