/** The inline engine: everything runs on the main thread. */
import type { Lineage } from '../graph/lineage.ts';
import type { Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import { LocalState } from './durable-state.ts';
import type { Engine, EngineKind, EngineSettings, StageBatch } from './engine.ts';
import { Generations } from './generations.ts';
import { dealInput } from './input.ts';
import { Runner } from './run/runner.ts';
import { packPartition, type Slice, unpackPartition } from './slices.ts';

/** The engine's entry in the list. */
export const inlineEngine: EngineKind = {
  type: 'inline',
  shared: false,
  open: (settings) => new InlineEngine(settings),
};

class InlineEngine implements Engine {
  readonly #settings: EngineSettings;
  readonly #generations: Generations;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    const { graph, names, numPartitions, poison, signal } = settings;
    const runner = new Runner({ signal: () => signal, poison });
    this.#generations = new Generations(graph, runner, numPartitions, names);
  }

  stateOf({ store }: Node<unknown>): LocalState | undefined {
    return store && new LocalState(store);
  }

  async start(): Promise<void> {}

  run({ time, blocks }: StageBatch): Promise<void> {
    return this.#generations.run(time, (input): Lineage<unknown> | undefined => {
      const partitions = dealInput(blocks.get(input) ?? [], this.#settings.numPartitions);
      return partitions && { kind: 'source', partitions };
    });
  }

  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    return this.#generations.rddOf(node, time);
  }

  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[] {
    return this.#generations.timesOf(node, after, upTo);
  }

  complete(time: number): void {
    this.#generations.complete(time);
  }

  forget(time: number): void {
    this.#generations.forget(time);
  }

  async slices(time: number): Promise<Slice[]> {
    return this.#generations.slices(time).map(({ owners, partitions }) => ({
      owners,
      partitions: partitions.map((partition) => packPartition(partition, owners.join(', '))),
    }));
  }

  isRead(owners: readonly string[], time: number, now: number): boolean {
    return this.#generations.isRead(owners, time, now);
  }

  restore({ owners, partitions }: Slice, time: number): void {
    this.#generations.restore(owners, time, () => partitions.map(unpackPartition));
  }

  get isEmpty(): boolean {
    return this.#generations.isEmpty;
  }

  async close(): Promise<void> {}
}
