/** The states that a stage opens: each partition as the batch found it, changed by the task, and left as a version of its own. */
import { toBytes } from '../../avro/stored-values.ts';
import { userError } from '../../graph/functions.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Partition, Skip } from '../../graph/lineage.ts';
import type { StatePartition } from '../../graph/state/form.ts';
import { LocalState } from '../../state/durable-state.ts';
import { bringVersion } from '../../state/versions/version-contents.ts';
import { VersionedPartition } from '../../state/versions/versioned-partition.ts';
import { versionFileName } from '../../state/versions/versioned-store.ts';
import type { StatefulOrigin } from './stages.ts';
import { writePieces } from './storage.ts';
import { MOST_INLINE_BYTES, type StatesLeft, type StorageWork, type WorkOrder } from './work.ts';

/** What came of a partition. */
interface RanStates {
  readonly values: readonly unknown[] | Partition<unknown>;
  /** Undefined: nothing was changed. */
  readonly left: StatesLeft | undefined;
}

/** The states that a stage opens. */
export class StageStates {
  readonly #graph: Graph;
  /** What is read when it is wanted needs its files open until the task is at its end. */
  readonly #open: VersionedPartition[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /**
   * Runs an operator with states on a partition.
   * @param inputs the partition's values of each parent
   * @throws what its function threw; StreamjobError FILE_ACCESS, STORAGE_DAMAGED
   */
  async run(
    { lineage, partition }: StatefulOrigin,
    inputs: readonly (readonly unknown[])[],
    { storage, time }: WorkOrder,
    skip: Skip | undefined,
  ): Promise<RanStates> {
    const node = this.#graph.nodes.find(({ state }) => state === lineage.of);
    const found = storage?.states.find((each) => each.node === node?.id);
    if (storage === undefined || node === undefined || found === undefined) {
      throw new Error(`the states of ${lineage.name} are nowhere`);
    }
    const { directory } = storage;
    const version = found.versions[partition];
    await bringVersion(directory, version);
    const opened = new VersionedPartition(lineage.of, {
      ...{ directory, version },
      lastCommitted: found.lastCommitted,
      newName: () => versionFileName(time, partition),
    });
    this.#open.push(opened);
    const { store } = opened;
    if (lineage.changes) store.begin(time);
    const skipHere: Skip | undefined = skip && ((_, value, error) => skip(lineage, value, error));
    let values: readonly unknown[] | Partition<unknown>;
    try {
      const states = store.partition(partition, lineage.numPartitions) as StatePartition<never, never>;
      values = lineage.process(states, inputs, partition, skipHere);
    } catch (error) {
      throw userError(error, lineage);
    }
    if (!lineage.changes) return { values, left: undefined };
    // After the version is written its changes are in it.
    const changes = storage.durable ? this.#changes(store, storage, time) : undefined;
    store.seal(time);
    store.commit(time);
    return { values, left: { node: node.id, partition, version: opened.finish(), changes } };
  }

  /** Closes the files that were opened. */
  close(): void {
    for (const opened of this.#open.splice(0)) opened.close();
  }

  #changes(store: VersionedPartition['store'], { directory }: StorageWork, time: number): StatesLeft['changes'] {
    const changes = new LocalState(store).changes();
    if (changes.reduce((sum, { bytes }) => sum + bytes.length, 0) <= MOST_INLINE_BYTES) return changes;
    const [piece] = writePieces(directory, time, [{ kind: 'values', count: 1, parts: [toBytes(changes)] }]);
    return piece;
  }
}
