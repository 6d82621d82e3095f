/** The inline engine: everything runs on the main thread. */
import { StreamjobError } from '../core/errors.ts';
import type { Lineage } from '../graph/lineage.ts';
import type { Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import { LocalState } from '../state/durable-state.ts';
import { States } from '../state/states.ts';
import type { PackedChange } from '../state/store.ts';
import type { BatchReport, Engine, EngineKind, EngineSettings, StageBatch } from './engine.ts';
import { registerStates } from './measures.ts';
import { brought } from './read-ahead.ts';
import { Generations } from './run/generations.ts';
import { dealInput } from './run/input.ts';
import type { KeepingRunner } from './run/keeping.ts';
import { Runner } from './run/runner.ts';
import { packPartition, type Slice, unpackPartition } from './slices.ts';
import { StoredChunk } from './stored-chunk.ts';

/** The engine's entry in the list. */
export const inlineEngine: EngineKind = {
  type: 'inline',
  takesInput: 'heap',
  async open(settings) {
    const engine = new InlineEngine(settings);
    await engine.begin();
    return engine;
  },
};

/** Keeps states and windows in this process; what is kept of a batch is worked out by a runner, which may do that elsewhere. */
export class InlineEngine implements Engine {
  readonly #settings: EngineSettings;
  readonly #generations: Generations;
  readonly #states: States;
  #hasCommitted = false;
  /** Whether states have to be put back before a batch can run: until all of it has succeeded. */
  #isLost = false;
  readonly #gauges: readonly (() => void)[];

  /** @param keepingOf who works out what is kept, beside the runner of this process */
  constructor(settings: EngineSettings, keepingOf: (local: Runner) => KeepingRunner = (local) => local) {
    this.#settings = settings;
    const { graph, names, numPartitions, openStore, skipPolicy, signal, telemetry } = settings;
    const isCounting = (): boolean => telemetry.isCounting === true;
    this.#states = new States(graph, names, openStore);
    const runner = new Runner({ signal: () => signal, skipPolicy, isCounting, states: this.#states });
    this.#generations = new Generations(graph, this.#states, keepingOf(runner), numPartitions, names);
    const sizes = this.#states.all.map(({ name, store }) => ({ name, keys: () => store.size }));
    this.#gauges = registerStates(settings.telemetry, sizes);
  }

  /** Whether what windows remember is in this process, however the states fare. */
  protected get holdsPast(): boolean {
    return true;
  }

  /** Takes what earlier runs left. */
  async begin(): Promise<void> {
    await this.#settings.recovery?.restore({
      state: (name) => this.#localState(name),
      slice: (slice, time) => this.#restoreSlice(slice, time),
    });
  }

  async run({ time, blocks }: StageBatch): Promise<BatchReport> {
    if (this.#states.areLost) this.#isLost = true;
    if (this.#isLost) await this.#putBack(time);
    const { numPartitions, taps } = this.#settings;
    const inputOf = (input: number): Lineage<unknown> | undefined => {
      const pieces = blocks.get(input) ?? [];
      const partitions = dealInput(pieces, numPartitions);
      const isBorrowed = pieces.some(({ events }) => events instanceof StoredChunk);
      return partitions && { kind: 'source', partitions, isBorrowed };
    };
    const { stages, tapped } = await this.#generations.run(time, inputOf, taps?.wanted);
    taps?.take(time, tapped);
    const durable = this.#settings.recovery !== undefined;
    return {
      stages,
      states: this.#states.all.map(({ name, store }) => {
        const touched = store.touchedBy(time);
        const changes = durable && touched ? new LocalState(store).changes() : [];
        return { state: name, touched, size: store.size, changes };
      }),
      slices: durable ? await this.#slices(time) : [],
    };
  }

  async #slices(time: number): Promise<Slice[]> {
    const slices: Slice[] = [];
    for (const { owners, partitions } of this.#generations.slices(time)) {
      const packed: Uint8Array[] = [];
      for (const each of partitions) packed.push(packPartition(await brought(each), owners.join(', ')));
      slices.push({ owners, partitions: packed });
    }
    return slices;
  }

  read<T>(node: Node<T>, time: number): RDD<T> | undefined {
    return this.#generations.rddOf(node, time);
  }

  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[] {
    return this.#generations.timesOf(node, after, upTo);
  }

  async bucket(state: string, index: number): Promise<PackedChange> {
    const local = this.#localState(state);
    if (local === undefined) throw new Error(`there is no state ${state}`);
    return local.bucket(index);
  }

  async complete(time: number): Promise<void> {
    this.#hasCommitted = true;
    this.#generations.complete(time);
  }

  async forget(time: number): Promise<void> {
    this.#generations.forget(time);
  }

  get isEmpty(): boolean {
    return this.#generations.isEmpty;
  }

  async close(): Promise<void> {
    for (const takeBack of this.#gauges) takeBack();
  }

  #restoreSlice({ owners, partitions }: Slice, time: number): void {
    this.#generations.restore(owners, time, () => partitions.map(unpackPartition));
  }

  #localState(name: string): LocalState | undefined {
    const store = this.#states.named(name);
    return store && new LocalState(store);
  }

  /**
   * Brings states up again from the checkpoint, when their store on disk is broken: with all that has committed.
   * @throws StreamjobError ENGINE_LOST when it is nowhere
   */
  async #putBack(time: number): Promise<void> {
    const { log, recovery } = this.#settings;
    if (recovery === undefined && this.#hasCommitted) {
      throw new StreamjobError('ENGINE_LOST', 'the store of states is broken; what it held is in no checkpoint', {
        where: 'stateStore',
        hint: 'give the job a checkpointDir: then its states are put back from it',
      });
    }
    // What the batch has worked out already was from states that are gone.
    this.#generations.forget(time);
    for (const { store } of this.#states.all) await store.reset();
    await recovery?.restore({
      state: (name) => this.#localState(name),
      slice: (slice, at) => {
        if (!this.holdsPast) this.#restoreSlice(slice, at);
      },
    });
    this.#isLost = false;
    log.warn({}, 'the store of states was broken; it was made anew and filled from the checkpoint');
  }
}
