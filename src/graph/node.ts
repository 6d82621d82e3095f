/**
 * What a job's graph is made of: nodes, one for each operator, and outputs. A node says WHAT is to be computed, for any batch: it gives,
 * for a time, the lineage of its data; the engine asks for it once per node and batch.
 */
import type { Lineage } from './lineage.ts';
import type { OutputBatch } from './output-batch.ts';
import type { RDD } from './rdd.ts';
import type { NumberAccumulator } from './shared.ts';
import type { StateSpecification } from './state/form.ts';

/** What a node may ask for while it makes its lineage. */
export interface BatchView {
  /** The data of `node` at a time: of this batch, or of an earlier one that is remembered. Undefined: there is none. */
  of<T>(node: Node<T>, time: number): Lineage<T> | undefined;
  /**
   * The times at which `node` has data: those that are remembered, and this batch's. Batches may be cut between two multiples of
   * the interval, so that nobody can count them.
   * @param after exclusive @param upTo inclusive
   */
  times(node: Node<unknown>, after: number, upTo: number): readonly number[];
  /** When a batch last changed the states of a node and committed, in ms since the epoch; undefined: never, or they are to be made anew. */
  lastCommitted(state: StateSpecification): number | undefined;
  /** What an input received for this batch. */
  input<T>(inputId: number): Lineage<T> | undefined;
  /** The partitions of a shuffle that does not say how many it wants. */
  readonly numPartitions: number;
  /** An RDD over a lineage, for functions of the user. */
  rdd<T>(lineage: Lineage<T>): RDD<T>;
}

/** One operator of the graph. */
export interface Node<T> {
  readonly id: number;
  readonly name: string;
  /** The user's line that made it, as file:line:column. */
  readonly site: string | undefined;
  readonly parents: readonly Node<unknown>[];
  /** It has data at multiples of this, in ms. */
  readonly slideMs: number;
  /** How much of its parents' past it reads, in ms; 0: only the present. */
  readonly windowMs: number;
  /** For an input: its number. */
  readonly input?: number;
  /** For an input that holds its own data: whether there is some, so that no tick may be passed over. */
  readonly pending?: () => boolean;
  /** What it remembers of keys; then it is worked out at each of its times, whether or not an output asks for it. */
  readonly state?: StateSpecification;
  /** How many partitions its state has. Undefined: as many as shuffles have, up to the number of buckets (statePartitionsOf). */
  readonly statePartitions?: number | undefined;
  /** The data at `time`, a multiple of `slideMs`. */
  lineage(time: number, batch: BatchView): Lineage<T> | undefined;
}

/** A node before it has its number. */
export type NodeSpec<T> = Omit<Node<T>, 'id' | 'site'>;

/** What an output did, for the batch's report. */
export interface OutputReport {
  readonly id: string;
  readonly kind: string;
  /** What `print` shows; empty for other kinds. */
  readonly elements: readonly unknown[];
  /** How many elements there are beyond `elements`. */
  readonly more: number;
  /** What `print` was told to call it. */
  readonly label?: string;
}

/** An output operation: the end of a graph, where effects happen. */
export interface Output<T = unknown> {
  /** Stable for a graph: the same at each start of the same job. */
  readonly id: string;
  readonly kind: string;
  /** The user's line that made it, as file:line:column. */
  readonly site?: string | undefined;
  readonly node: Node<T>;
  /** Runs the effect on one batch. @param write takes text for stdout @param batch what names just this run of this output */
  run(
    rdd: RDD<T>,
    time: number,
    write: (text: string) => void,
    batch: OutputBatch,
  ): Promise<Pick<OutputReport, 'elements' | 'more' | 'label'>>;
}

/** Where Spark would keep data; here it is always in memory. */
export type StorageLevel =
  | 'NONE'
  | 'MEMORY_ONLY'
  | 'MEMORY_ONLY_SER'
  | 'MEMORY_AND_DISK'
  | 'MEMORY_AND_DISK_SER'
  | 'DISK_ONLY';

/** What an operator counts for the log. */
export interface Remark {
  readonly operator: string;
  readonly text: string;
  readonly counter: NumberAccumulator;
}

/** What an operator can be watched by. */
export interface OperatorMeasure {
  /** The name of the operator's state, where its stream has no uid. */
  readonly operator: string;
  /** In snake case. */
  readonly name: string;
  readonly help: string;
  readonly kind: 'counter' | 'gauge';
  readonly read: () => number;
}

/** What the streams of a job that runs gave at earlier times, as far as it is remembered. */
export interface Past {
  /** The data of a node at a time; undefined: there is none, or it is not remembered. */
  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined;
  /** The times in (after, upTo], rising, of which there is such data. */
  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[];
}
