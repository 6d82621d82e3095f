/**
 * The port of an engine: WHO computes. It runs the stages of batches over the job's graph and remembers what windows and state need
 * of them; how, and on which threads or machines, is its own affair.
 */
import type { Chunk } from '../core/chunk.ts';
import type { Logger } from '../core/log.ts';
import type { Named } from '../core/registry.ts';
import type { Skip } from '../graph/lineage.ts';
import type { Graph, Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import type { Accumulators } from '../graph/shared.ts';
import type { DurableState } from '../graph/state/store.ts';
import type { Letter } from './letters.ts';
import type { Slice } from './slices.ts';

/** What an input received for a batch, in the order of arrival. */
export type InputPieces = readonly {
  readonly events: Chunk<unknown>;
  /** The input has no data at all at this time. */
  readonly absent?: boolean;
}[];

/** What stages are run on. */
export interface StageBatch {
  /** ms since the epoch */
  readonly time: number;
  /** By the input's number. */
  readonly blocks: ReadonlyMap<number, InputPieces>;
}

/**
 * A running engine. It runs the stages of one batch at a time, in the order of their times. Where there is no state, those of the next one
 * may run before this one is complete or forgotten, and meanwhile this one may be run again: it goes on with what is missing.
 */
export interface Engine {
  /** What a node remembers of keys; undefined: nothing. */
  stateOf(node: Node<unknown>): DurableState | undefined;
  /**
   * Begins, after states and slices were put back.
   * @throws StreamjobError GRAPH_DIFFERS, JOB_INVALID
   */
  start(): Promise<void>;
  /**
   * Runs all stages of a batch. Run again after a failure, it goes on with what is missing.
   * @throws StreamjobError what a function threw; ENGINE_LOST when no retry can help
   */
  run(batch: StageBatch): Promise<void>;
  /** What an output reads of a batch that has run, or that windows remember; undefined: its stream has no data at this time. */
  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined;
  /** The times in (after, upTo], rising, at which `rddOf` has something of a node. */
  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[];
  /** The batch is complete: its changes of state stay, and what no later window reads is dropped. */
  complete(time: number): void;
  /** The batch is given up: as if it had never been. */
  forget(time: number): void;
  /** What windows will read again of a batch that has run; streams without values are left out. @throws StreamjobError CHECKPOINT_VALUE */
  slices(time: number): Promise<readonly Slice[]>;
  /** Whether a slice will be read after the batch of `now`. @param owners names of windows that read it */
  isRead(owners: readonly string[], time: number, now: number): boolean;
  /** Puts a slice back that a window remembered. */
  restore(slice: Slice, time: number): void;
  /** Whether nothing that windows remember has values, so that ticks without input change nothing. */
  readonly isEmpty: boolean;
  /** Ends its threads, if it has any. */
  close(): Promise<void>;
}

/** Takes the values that users' functions threw on, when the policy is to leave them out. */
export interface Poison {
  /** Whether values may be left out now: while the stages of a batch run, not while its outputs do. */
  readonly active: boolean;
  /** Runs what is kept as one result: if it fails, what was left out on the way counts as not left out. */
  stage<T>(run: () => Promise<T>): Promise<T>;
  /** Leaves a value out. @throws the error, when it is not the value's fault */
  readonly skip: Skip;
  /** Takes what another thread left out. */
  add(letters: readonly Letter[]): void;
}

/** The module that a job is built by, for engines that build it again elsewhere. */
export interface JobModule {
  /** A file URL, or a path. Its default export is a job, or a function as `data` says. */
  readonly module: string;
  /** What the function gets beside the context: plain data. */
  readonly data?: unknown;
  /** Whether what the job's functions say on the console goes to stderr. Default: where the process has it. */
  readonly consoleToStderr?: boolean;
  /** The file that is bundled for the workers. Default: `module`. @internal */
  readonly source?: string;
}

/** What workers build the job from: plain data. */
export interface WorkerJob extends JobModule {
  /** Options of the context that it is built on. */
  readonly context: Readonly<Record<string, unknown>>;
  /** What the main thread has made of the job's files, for whoever loads them in a worker. Undefined: they are loaded from disk. */
  readonly bundle?: object | undefined;
}

/** What an engine is told at its start. */
export interface EngineSettings {
  readonly graph: Graph;
  /** Names of what remembers, across restarts. */
  readonly names: ReadonlyMap<Node<unknown>, string>;
  /** Partitions of batches and shuffles that do not say how many they want. */
  readonly numPartitions: number;
  readonly accumulators: Accumulators;
  /** Undefined: a function that throws fails the batch. */
  readonly poison?: Poison | undefined;
  /** Stops what is running, between two chunks of a partition at the latest. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Where the job is, and what its context is made from: plain data. Undefined: it is known to this thread only. */
  readonly job?: WorkerJob | undefined;
  /** Whether states and slices will be asked for, batch by batch. */
  readonly isDurable: () => boolean;
  /** Puts states and slices back as they are on disk, into an engine that has lost them. Undefined: they are nowhere. */
  readonly reload: () => ((into: Reload) => Promise<void>) | undefined;
}

/** Takes what a checkpoint holds. */
export interface Reload {
  /** By their names across restarts. */
  readonly states: ReadonlyMap<string, DurableState>;
  restore(slice: Slice, time: number): void;
}

/** A kind of engine, for the list in index.ts. */
export interface EngineKind extends Named {
  /** Whether other threads compute: then what is received is best put where they see it, and they read what is on disk themselves. */
  readonly shared: boolean;
  /** @throws StreamjobError CONFIG_INVALID */
  open(settings: EngineSettings): Engine;
}
