/**
 * Works kept lineages out on a cluster, node by node (node-work.ts), and has executors write files of outputs that lie in the storage, and call
 * functions of outputs that they have. All else of outputs runs in this process.
 */
import { StreamjobError } from '../../core/errors.ts';
import { absolutePlace } from '../../core/storage/places.ts';
import { type Kept, type Lineage, type Partition, partitionsOf } from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import type { PartitionCall } from '../../graph/outputs/partitions.ts';
import type { Task } from '../../graph/rdd.ts';
import type { PartForm, SavedPart, WriteParts } from '../../graph/save.ts';
import type { KeepingRunner } from '../run/keeping.ts';
import type { Ran } from '../run/partition-runner.ts';
import { Asked } from './asked.ts';
import { callOnExecutors, runRows } from './calling.ts';
import { NodeWork, type SparkRunnerParts } from './node-work.ts';
import { piecesOf, sentPieces, workRow } from './rows.ts';
import { isStored, nameParts, type SaveOrder } from './saving.ts';
import { slotsOf } from './slots.ts';
import type { WorkOrder } from './work.ts';

/** Of earlier ones nobody needs to know what they asked: at most two run at a time. */
const MOST_BATCHES = 4;

/** Runs kept lineages on a cluster. */
export class SparkRunner implements KeepingRunner {
  readonly #parts: SparkRunnerParts;
  /** Of the batches that run. One that is run again after a failure goes on with the lineages that it has. */
  readonly #asked = new Map<number, Asked>();

  constructor(parts: SparkRunnerParts) {
    this.#parts = parts;
  }

  noting(view: BatchView, time: number, isKept: (node: Node<unknown>) => boolean): BatchView {
    let asked = this.#asked.get(time);
    if (asked === undefined) {
      asked = new Asked(time);
      this.#asked.set(time, asked);
      for (const before of this.#asked.keys()) if (this.#asked.size > MOST_BATCHES) this.#asked.delete(before);
    }
    return asked.noting(view, isKept);
  }

  prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]> {
    return this.#parts.local.prepare(lineage);
  }

  writeParts(lineage: Lineage<unknown>, directory: string, form: PartForm): WriteParts | undefined {
    // Only of the storage it is known that executors see it.
    if (this.#parts.storage?.holds(directory) !== true || !isStored(lineage)) return undefined;
    return async (aside) => await this.#save(partitionsOf(lineage) ?? [], { directory: absolutePlace(aside), form });
  }

  callThere(lineage: Lineage<unknown>, call: PartitionCall): Promise<void> | undefined {
    const number = this.#parts.functions.indexOf(call.fn);
    return number < 0 ? undefined : callOnExecutors(this.#parts, lineage, call, number);
  }

  async #save(partitions: readonly Partition<unknown>[], save: SaveOrder): Promise<readonly SavedPart[]> {
    const slots = slotsOf(partitions.length);
    const order = { stage: 0 } as WorkOrder;
    const rows = partitions.map(({ chunks }, i) => {
      const pieces = sentPieces([...piecesOf(this.#parts.storage?.known(chunks) ?? chunks, 'save')]);
      return workRow(slots[i] ?? 0, i, { order, save, leaves: [[0, pieces]], later: undefined });
    });
    const ends = await runRows(this.#parts, rows);
    const saved = ends.flatMap((end) => end.saved);
    if (saved.length !== partitions.length) {
      throw new StreamjobError('SPARK_FAILED', `${saved.length} of ${partitions.length} parts were written`, {
        where: save.directory,
        hint: 'a worker has ended early: the output is run again; see the log of the executors if it comes again',
      });
    }
    return await nameParts(save.directory, saved);
  }

  async keep(lineage: Kept<unknown>, node: Node<unknown>, time: number): Promise<Ran> {
    if (lineage.result !== undefined) return { tasks: [], gave: new Map() };
    const asked = this.#asked.get(time);
    if (asked === undefined) throw new Error(`${node.name} is run before its batch has begun`);
    const work = new NodeWork(this.#parts, node, asked);
    lineage.result = await work.resolve(lineage.parent, [], lineage.copied);
    return { tasks: work.tasks, gave: work.gave };
  }
}
