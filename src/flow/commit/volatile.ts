/** A run without a checkpoint directory: nothing of it is written down. */
import type { Batch } from '../batch/batch.ts';
import type { Admitted, Blocks } from '../block/block-queue.ts';
import type { Durability } from './durability.ts';

/** A run without a checkpoint directory. */
export class Volatile implements Durability {
  readonly lastTime: undefined = undefined;
  readonly logBytes: number = 0;
  readonly logBlock: undefined = undefined;
  readonly recovery: undefined = undefined;

  waiting(): Admitted[] {
    return [];
  }

  pending(): undefined {
    return undefined;
  }

  async load(blocks: Blocks): Promise<Blocks> {
    return blocks;
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
