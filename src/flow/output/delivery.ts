/**
 * Fifth step: the outputs of a batch, in their order, each once per batch. When one fails, those before it are not run
 * again; what the stages worked out is kept, so that every attempt sees the same data.
 */
import type { OutputSummary } from '../../core/events.ts';
import type { Output, OutputBatch } from '../../graph/node.ts';
import type { RDD } from '../../graph/rdd.ts';

/** The outputs of one batch and which of them are done. */
export class Delivery {
  readonly #batch: Omit<OutputBatch, 'output'>;
  readonly #outputs: readonly Output[];
  readonly #write: (text: string) => void;
  readonly #done = new Map<string, OutputSummary>();

  /** @param outputs in the order of their making @param write takes text for stdout */
  constructor(batch: Omit<OutputBatch, 'output'>, outputs: readonly Output[], write: (text: string) => void) {
    this.#batch = batch;
    this.#outputs = outputs;
    this.#write = write;
  }

  /** Whether an output has committed: from then on the batch cannot be given up. */
  get begun(): boolean {
    return this.#done.size > 0;
  }

  /** What the outputs did, in their order. */
  get summaries(): OutputSummary[] {
    return [...this.#done.values()];
  }

  /**
   * Runs the outputs that are not done.
   * @param data what an output reads; undefined: nothing at this time, it is left out
   * @param mayGoOn asked before each output
   * @param watch told when an output begins; gives what is told when it ends
   * @throws what the first failing output threw
   */
  async run(
    data: (output: Output) => RDD<unknown> | undefined,
    mayGoOn: () => boolean,
    watch: (output: Output) => (failure: unknown) => void,
  ): Promise<void> {
    for (const output of this.#outputs) {
      if (this.#done.has(output.id)) continue;
      if (!mayGoOn()) return;
      const rdd = data(output);
      if (rdd === undefined) continue;
      const ended = watch(output);
      try {
        const result = await output.run(rdd, this.#batch.time, this.#write, { ...this.#batch, output: output.id });
        this.#done.set(output.id, { id: output.id, kind: output.kind, ...result });
        ended(undefined);
      } catch (error) {
        ended(error);
        throw error;
      }
    }
  }
}
