/** Values that the program queues: at each batch the next array, or all that are queued. Source: Spark's QueueInputDStream. */
import type { AtCut, Input } from './input.ts';
import type { Receiver } from './receiver.ts';
import { ValuesReceiver } from './values.ts';

/** Values that the program queues. */
export class QueueInput<T> implements Input {
  readonly id: number;
  readonly name: string;
  readonly receivers: readonly Receiver[];
  readonly atCut: AtCut;

  /** @param oneAtATime one array per batch, or all that are queued @param defaultValues what a batch has when nothing is queued */
  constructor(id: number, queue: (readonly T[])[], oneAtATime: boolean, defaultValues: readonly T[]) {
    this.id = id;
    this.name = `queue stream [${id}]`;
    const values = new ValuesReceiver<T>(this.name);
    this.receivers = [values];
    this.atCut = {
      pending: () => queue.length > 0,
      async look() {
        const taken = oneAtATime ? queue.splice(0, 1) : queue.splice(0);
        values.push(taken.length === 0 ? defaultValues : (taken.flat() as readonly T[]));
      },
    };
  }
}
