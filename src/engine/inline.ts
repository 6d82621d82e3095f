/** The inline engine: everything runs on the main thread. */
import { StreamjobError } from '../core/errors.ts';
import type { Lineage } from '../graph/lineage.ts';
import type { Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import { LocalState } from '../state/durable-state.ts';
import { States } from '../state/states.ts';
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
  readonly #states: States;
  /** Whether states have to be put back before a batch can run. */
  #isLost = false;
  #hasCommitted = false;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    const { graph, names, numPartitions, openStore, skipPolicy, signal } = settings;
    this.#states = new States(graph, openStore);
    const runner = new Runner({ signal: () => signal, skipPolicy, states: this.#states });
    this.#generations = new Generations(graph, this.#states, runner, numPartitions, names);
  }

  stateOf({ state }: Node<unknown>): LocalState | undefined {
    return state && new LocalState(this.#states.of(state));
  }

  async start(): Promise<void> {}

  async run({ time, blocks }: StageBatch): Promise<void> {
    await this.#putBack(time);
    await this.#generations.run(time, (input): Lineage<unknown> | undefined => {
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
    this.#hasCommitted = true;
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

  /**
   * Brings states up again from the checkpoint, when their store on disk is broken: with all that has committed.
   * @throws StreamjobError ENGINE_LOST when it is nowhere
   */
  async #putBack(time: number): Promise<void> {
    const { log, names, reload } = this.#settings;
    const stores = this.#states.all;
    if (this.#states.areLost) this.#isLost = true;
    if (!this.#isLost) return;
    const putBack = reload();
    if (putBack === undefined && this.#hasCommitted) {
      throw new StreamjobError('ENGINE_LOST', 'the store of states is broken; what it held is in no checkpoint', {
        where: 'stateStore',
        hint: 'give the job a checkpointDir: then its states are put back from it',
      });
    }
    // What the batch has worked out already was from states that are gone.
    this.#generations.forget(time);
    for (const { store } of stores) await store.reset();
    const states = new Map(stores.map(({ node, store }) => [names.get(node) ?? store.operator, new LocalState(store)]));
    // What windows remember is in this thread, and still there.
    await putBack?.({ states, restore: () => {} });
    this.#isLost = false;
    log.warn({}, 'the store of states was broken; it was made anew and filled from the checkpoint');
  }
}
