/**
 * Fifth step: the outputs of a batch, in their order, each once per batch. When one fails, those before it are not run
 * again; what the stages worked out is kept, so that every attempt sees the same data.
 */

import { StreamjobError } from '../../core/errors.ts';
import type { OutputSummary } from '../../core/events.ts';
import type { Logger } from '../../core/log.ts';
import { Actions } from '../../graph/actions.ts';
import { userError } from '../../graph/functions.ts';
import type { Output } from '../../graph/node.ts';
import type { OutputBatch } from '../../graph/output-batch.ts';
import { RDD } from '../../graph/rdd.ts';

/** What outputs run with beside their batch. */
export interface OutputSurroundings {
  readonly log: Logger;
  /** The job's. */
  readonly parallelism: number;
  /** Aborts when the run ends at once: from then on no output can read its data. */
  readonly stop: AbortSignal;
  /** Takes text for stdout. */
  readonly write: (text: string) => void;
}

/** The outputs of one batch and which of them are done. */
export class OutputRun {
  readonly #batch: Omit<OutputBatch, 'output'>;
  readonly #outputs: readonly Output[];
  readonly #done = new Map<string, OutputSummary>();
  readonly #actions = new Actions();
  readonly #surroundings: OutputSurroundings;
  #begun = false;

  /** @param outputs in the order of their making */
  constructor(batch: Omit<OutputBatch, 'output'>, outputs: readonly Output[], surroundings: OutputSurroundings) {
    this.#batch = batch;
    this.#outputs = outputs;
    this.#surroundings = surroundings;
  }

  /** Of the batch, in ms since the epoch. */
  get time(): number {
    return this.#batch.time;
  }

  /** Whether an output has committed: from then on the batch cannot be given up. */
  get committed(): boolean {
    return this.#done.size > 0;
  }

  /**
   * Whether an output was ever called. Its effect may be there although it has not ended, or has failed: a transaction that is
   * committed while nobody waits for it any more, a request whose answer was lost.
   */
  get begun(): boolean {
    return this.#begun;
  }

  /** What the outputs did, in their order. */
  get summaries(): OutputSummary[] {
    return [...this.#done.values()];
  }

  /**
   * Runs the outputs that are not done. An output is done when its function has ended and so has every action that it began on
   * an RDD, awaited or not.
   * @param read what an output reads; undefined: nothing at this time, it is left out
   * @param mayGoOn asked before each output
   * @param watch told when an output begins; gives what is told when it ends
   * @throws what the first failing output threw
   */
  async run(
    read: (output: Output) => RDD<unknown> | undefined,
    mayGoOn: () => boolean,
    watch: (output: Output) => (failure: unknown) => void,
  ): Promise<void> {
    for (const output of this.#outputs) {
      if (this.#done.has(output.id)) continue;
      if (!mayGoOn()) return;
      const rdd = read(output);
      if (rdd === undefined) continue;
      const ended = watch(output);
      try {
        this.#begun = true;
        const batch = { ...this.#batch, output: output.id };
        const { write, ...surroundings } = this.#surroundings;
        const data = RDD.forOutput(rdd, { ...surroundings, actions: this.#actions, batch });
        const result = await this.#actions.during(() => output.run(data, batch.time, write, batch));
        this.#done.set(output.id, { id: output.id, kind: output.kind, ...result });
        ended(undefined);
      } catch (error) {
        ended(error);
        // An error of ours that has the output's kind only gets its line.
        throw error instanceof StreamjobError ? userError(error, { name: output.kind, site: output.site }) : error;
      }
    }
  }
}
