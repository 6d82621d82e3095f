/** A run without a checkpoint directory: nothing of it is written down. */
import type { TakesInput } from '../../core/shared-memory.ts';
import type { Batch } from '../batch/batch.ts';
import type { Admitted, Blocks } from '../block/block-queue.ts';
import { broughtOf } from '../block/stored-block.ts';
import type { Durability } from './durability.ts';

/** A run without a checkpoint directory. */
export class Volatile implements Durability {
  readonly lastTime: undefined = undefined;
  readonly logBytes: number = 0;
  readonly logBlock: undefined = undefined;
  readonly recovery: undefined = undefined;
  readonly #takesInput: TakesInput;

  /** @param takesInput where what lies elsewhere is best put for the engine */
  constructor(takesInput: TakesInput) {
    this.#takesInput = takesInput;
  }

  waiting(): Admitted[] {
    return [];
  }

  pending(): undefined {
    return undefined;
  }

  async load(blocks: Blocks): Promise<Blocks> {
    if (this.#takesInput !== 'heap') return blocks;
    const brought = await broughtOf([...blocks.values()].flat().map(({ events }) => events));
    return new Map(
      [...blocks].map(([input, arrivals]) => [
        input,
        arrivals.map((arrival) => ({ ...arrival, events: brought(arrival.events) })),
      ]),
    );
  }

  async logCut(): Promise<void> {}

  isLogged(): boolean {
    return false;
  }

  async commit(): Promise<void> {}

  committed(_batch: Batch): void {}

  async givenUp(): Promise<void> {}

  async close(): Promise<void> {}
}
