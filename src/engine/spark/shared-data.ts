/** What of a run lies in the storage: data that goes by reference, and versions of states. */
import { fromBytes } from '../../avro/stored-values.ts';
import { atOnce } from '../../core/at-once.ts';
import type { Chunk } from '../../core/chunk.ts';
import { StreamjobError } from '../../core/errors.ts';
import { absolutePlace, isBelow } from '../../core/storage/places.ts';
import { storageOf } from '../../core/storage/storages.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Partition } from '../../graph/lineage.ts';
import { type StateSpecification, statePartitionsOf } from '../../graph/state/form.ts';
import type { OpenStore, PackedChange } from '../../state/store.ts';
import { type ChangedPartition, VersionedStateStore } from '../../state/versions/versioned-store.ts';
import { bringPiece, readPiece, StoredChunk, type StoredPiece } from '../stored-chunk.ts';
import { type Piece, piecesOf, weightOf } from './rows.ts';
import { type Stage, statesOf } from './stages.ts';
import type { EncodedPiece, RunStorage } from './storage.ts';
import { MOST_INLINE_BYTES, type StatesLeft, type StorageWork } from './work.ts';

/** So many of what tasks have changed are read at a time. */
const CHANGES_AT_ONCE = 16;

/** What it is made of. */
export interface SharedDataParts {
  readonly storage: RunStorage;
  readonly graph: Graph;
  /** Of shuffles that do not say how many they want. */
  readonly numPartitions: number;
  /** Whether what is changed of states is written down. */
  readonly durable: boolean;
}

/** What of a run lies in the storage. */
export class SharedData {
  readonly stores: Map<StateSpecification, VersionedStateStore> = new Map();
  readonly #parts: SharedDataParts;
  /** Where the driver has put what it had in memory, so that the next stage that reads it finds it there. */
  readonly #put = new WeakMap<Chunk<unknown>, readonly StoredPiece[]>();
  readonly #mostRemembered: number;

  constructor(parts: SharedDataParts) {
    this.#parts = parts;
    const { graph } = parts;
    this.#mostRemembered = Math.max(0, ...graph.nodes.map((node) => graph.rememberMs(node)));
  }

  /** Whether a path is in the storage. */
  holds(directory: string): boolean {
    return isBelow(this.#parts.storage.root, absolutePlace(directory));
  }

  /** Opens the states of a node. */
  get openStore(): OpenStore {
    return (specification) => {
      const { graph, numPartitions, storage } = this.#parts;
      const node = graph.nodes.find(({ state }) => state === specification);
      const count = statePartitionsOf(node?.statePartitions, numPartitions);
      const store = new VersionedStateStore(specification, storage.directory, count);
      this.stores.set(specification, store);
      return store;
    };
  }

  /** The same chunks; where the storage has one already, as it lies there. */
  *known(chunks: Iterable<Chunk<unknown>>): Generator<Chunk<unknown>> {
    for (const chunk of seen(chunks, this.#parts.storage.root)) {
      const put = this.#put.get(chunk);
      if (put === undefined) yield chunk;
      else for (const piece of put) yield new StoredChunk(piece);
    }
  }

  /**
   * Puts into the storage what is not there yet.
   * @param time of the batch, in ms since the epoch @param leaves whose partitions they are of
   * @returns where all of it lies @throws StreamjobError FILE_ACCESS
   */
  async put(
    time: number,
    leaves: readonly (readonly Partition<unknown>[])[],
    pieces: readonly (readonly (readonly Piece[])[])[],
  ): Promise<StoredPiece[][][]> {
    const isEncoded = (piece: Piece): piece is EncodedPiece => 'parts' in piece;
    const written = await this.#parts.storage.write(time, pieces.flat(2).filter(isEncoded));
    let next = 0;
    const stored = pieces.map((partitions) =>
      partitions.map((of) => of.map((piece) => (isEncoded(piece) ? (written[next++] as StoredPiece) : piece))),
    );
    for (const [i, partitions] of leaves.entries()) {
      for (const [j, { chunks }] of partitions.entries()) this.#remember(chunks, stored[i]?.[j] ?? []);
    }
    return stored;
  }

  /** What the storage has for a stage. */
  workOf({ partitions }: Stage): StorageWork {
    const { durable, graph, storage } = this.#parts;
    const opened = new Map(partitions.flatMap(statesOf).map(({ lineage }) => [lineage.of, lineage.changes]));
    const states = [...opened].map(([of, changes]) => {
      const store = this.stores.get(of) as VersionedStateStore;
      const versions = changes ? store.committedVersions : store.versions;
      return { node: graph.nodes.findIndex(({ state }) => state === of), lastCommitted: store.lastCommitted, versions };
    });
    return { directory: storage.directory, durable, states };
  }

  /** Takes what tasks have made of states, for the batch of `time`. @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
  async take(time: number, left: readonly StatesLeft[]): Promise<void> {
    const brought = new Map<StatesLeft, readonly PackedChange[]>();
    // The order of the tasks stays.
    await atOnce(CHANGES_AT_ONCE, left, async (each) => void brought.set(each, await changesOf(each.changes)));
    const byNode = new Map<number, ChangedPartition[]>();
    for (const each of left) {
      const { node, partition, version } = each;
      const changed = { partition, version, changes: brought.get(each) ?? [] };
      const known = byNode.get(node);
      if (known === undefined) byNode.set(node, [changed]);
      else known.push(changed);
    }
    for (const [node, changed] of byNode) {
      const of = this.#parts.graph.nodes[node]?.state;
      if (of !== undefined) this.stores.get(of)?.take(time, changed);
    }
  }

  /** Removes what no batch after that of `time` reads. */
  tidy(time: number): void {
    this.#parts.storage.tidy(time - this.#mostRemembered, time, () => new Set(this.#files()));
  }

  /**
   * Looks at what failed a batch: where files of the storage are gone or damaged, all states are lost, and are put back from the checkpoint
   * before the batch is run again. Where the storage is away as a whole, it may come back.
   */
  async lookAt(error: unknown): Promise<void> {
    const { directory } = this.#parts.storage;
    if (!(error instanceof StreamjobError) || error.where === undefined || !isBelow(directory, error.where)) return;
    const { code, message, where } = error;
    const storage = storageOf(directory);
    try {
      const isMissing = code === 'FILE_ACCESS' && message.includes('ENOENT') && !(await storage.exists(where));
      if (code !== 'STORAGE_DAMAGED' && !isMissing) return;
      if (await storage.hasDirectory(directory)) for (const store of this.stores.values()) store.lose();
    } catch {
      // It is away: the batch is run again.
    }
  }

  /** States are going to be read here. @throws StreamjobError FILE_ACCESS */
  async bringStates(states: Iterable<StateSpecification>): Promise<void> {
    for (const of of states) await this.stores.get(of)?.bring();
  }

  async close(): Promise<void> {
    for (const store of this.stores.values()) store.close();
    await this.#parts.storage.close();
  }

  *#files(): Generator<string> {
    for (const store of this.stores.values()) yield* store.files();
  }

  /** Events stay in their blocks from batch to batch; arrays make other chunks each time that they are asked. */
  #remember(chunks: Iterable<Chunk<unknown>>, pieces: readonly StoredPiece[]): void {
    if (!Array.isArray(chunks)) return;
    let at = 0;
    for (const chunk of chunks as readonly Chunk<unknown>[]) {
      const of: StoredPiece[] = [];
      for (let count = 0; count < chunk.count && at < pieces.length; ) {
        const piece = pieces[at++] as StoredPiece;
        of.push(piece);
        count += piece.count;
      }
      if (chunk.count > 0 && !(chunk instanceof StoredChunk)) this.#put.set(chunk, of);
    }
  }
}

/**
 * What the driver gives to executors of each leaf, by its partitions: what is large lies in the storage then, where there is one.
 * @param time of the batch, in ms since the epoch @param operator for the error
 * @throws StreamjobError FILE_ACCESS, VALUE_NOT_PLAIN
 */
export async function givenPieces(
  storage: SharedData | undefined,
  time: number,
  leaves: readonly (readonly Partition<unknown>[])[],
  operator: string,
): Promise<readonly (readonly (readonly Piece[])[])[]> {
  const pieces = leaves.map((partitions) =>
    partitions.map(({ chunks }) => [...piecesOf(storage?.known(chunks) ?? seen(chunks, undefined), operator)]),
  );
  const weight = pieces.flat(2).reduce((sum, piece) => sum + weightOf(piece), 0);
  return storage !== undefined && weight > MOST_INLINE_BYTES ? await storage.put(time, leaves, pieces) : pieces;
}

/** Chunks as executors can see them: what lies in another place than the storage is read. @param root of the storage; undefined: there is none */
export function* seen(chunks: Iterable<Chunk<unknown>>, root: string | undefined): Generator<Chunk<unknown>> {
  for (const chunk of chunks) {
    const isElsewhere = chunk instanceof StoredChunk && (root === undefined || !isBelow(root, chunk.piece.path));
    yield isElsewhere ? chunk.read() : chunk;
  }
}

async function changesOf(changes: StatesLeft['changes']): Promise<readonly PackedChange[]> {
  if (changes === undefined) return [];
  if (!('path' in changes)) return changes;
  const bytes = storageOf(changes.path).isFar ? await bringPiece(changes) : readPiece(changes);
  return fromBytes(bytes) as PackedChange[];
}
