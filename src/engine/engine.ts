/**
 * The port of an engine: WHO computes. It runs the stages of batches over the job's graph and remembers what windows and state need
 * of them; how, and on which threads or machines, is its own affair. Whatever may happen elsewhere is asynchronous, and what the
 * engine tells of a batch that has run is plain data.
 */
import type { Chunk } from '../core/chunk.ts';
import type { Logger } from '../core/log.ts';
import type { Named } from '../core/registry.ts';
import type { TakesInput } from '../core/shared-memory.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import type { Accumulators } from '../graph/shared.ts';
import type { OpenStore, PackedChange, RestorableState } from '../state/store.ts';
import type { SkipPolicy } from './skip-policy.ts';
import type { Slice } from './slices.ts';
import type { Taps } from './taps.ts';

/** What an input received for a batch, in the order of arrival: bytes, values, or where bytes lie on disk. */
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

/** A stage on one partition. */
export interface TaskReport {
  readonly partition: number;
  /** Who ran it, from 0; an engine of one thread is member 0. */
  readonly member: number;
  readonly durationMs: number;
}

/** What ran between two shuffles or up to something that is kept. */
export interface StageReport {
  /** The operator that it ends with. */
  readonly name: string;
  /** The user's line that made the operator, as file:line:column. */
  readonly site: string | undefined;
  /** ms since the epoch */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly tasks: readonly TaskReport[];
  /** The number of the operator that it ends with. */
  readonly node: number;
  /**
   * How many values operators gave in it, by their numbers: always of those whose values are kept or brought together by key, of all
   * others while somebody looks.
   */
  readonly gave: readonly (readonly [node: number, values: number])[];
}

/** What a batch did to the states of one node. */
export interface StateReport {
  /** The node's name across restarts. */
  readonly state: string;
  /** Whether the batch ran through it. */
  readonly touched: boolean;
  /** How many keys there are now. */
  readonly size: number;
  /** What changed, when the engine was told that it is written down. */
  readonly changes: readonly PackedChange[];
}

/** What an engine tells of a batch whose stages have run. */
export interface BatchReport {
  /** Those that this attempt ran: an attempt after a failure goes on with what is missing. */
  readonly stages: readonly StageReport[];
  /** Of all nodes that keep states. */
  readonly states: readonly StateReport[];
  /** What windows will read again, when it is written down; streams without values are left out. */
  readonly slices: readonly Slice[];
}

/**
 * A running engine. It runs the stages of one batch at a time (see `overlaps`), in the order of the batches' times. Where no operator keeps a state, the flow
 * may let the next batch run before the earlier one is complete or forgotten; the earlier one may then be run once more, when an output of
 * it failed, and the engine works out only what is missing of it.
 */
export interface Engine {
  /**
   * Runs all stages of a batch.
   * @param attempt from 1; after a failure it goes on with what is missing
   * @throws StreamjobError what a function threw; CHECKPOINT_VALUE; ENGINE_LOST when no retry can help
   */
  run(batch: StageBatch, attempt: number): Promise<BatchReport>;
  /** What an output reads of a batch that has run, or that windows remember; undefined: its stream has no data at this time. */
  read<T>(node: Node<T>, time: number): RDD<T> | undefined;
  /** The times in (after, upTo], rising, at which `read` has something of a node. */
  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[];
  /** All of a bucket of a state, what the open batch changed included. @param state its name across restarts */
  bucket(state: string, index: number): Promise<PackedChange>;
  /** The batch is complete: its changes of state stay, and what no later window reads is dropped. */
  complete(time: number): Promise<void>;
  /** The batch is given up: as if it had never been. */
  forget(time: number): Promise<void>;
  /** Whether nothing that windows remember has values, so that ticks without input change nothing. */
  readonly isEmpty: boolean;
  /**
   * Whether the stages of the next batch may run while those of one batch do: worth it where most of a batch's time is the way to those who
   * compute. Left out: they may not.
   */
  readonly overlaps?: boolean;
  /** Ends its members, if it has any. */
  close(): Promise<void>;
}

/** The module that a job is built by, for engines that build it again elsewhere. */
export interface JobModule {
  /** Path or URL of the module. */
  readonly module: string;
  /** What its function gets beside the context: plain data. */
  readonly data?: unknown;
  /** Whether what workers write with console goes to stderr. */
  readonly consoleToStderr?: boolean;
  /** The file to bundle for workers, where it is not `module`. */
  readonly source?: string;
}

/** A job and all that it needs but Node, as one ES module. */
export interface JobProgram {
  readonly text: Uint8Array;
  /** Its source map, as JSON: places in it are not those of the job's files. */
  readonly map: string;
}

/** What a member that is elsewhere needs to build the job again: plain data. */
export interface JobElsewhere extends JobModule {
  /** Options of the context that the job is built on. */
  readonly context: Readonly<Record<string, unknown>>;
  /** URL of the code that a member begins with: it builds the job and joins the crew. */
  readonly entry: string;
  /** Makes one program of the job and what it needs, for machines that have nothing of it. Undefined: it cannot be. */
  readonly program?: (() => Promise<JobProgram>) | undefined;
  /** What this process has made of the job's files, for whoever loads them in a member. Undefined: they are loaded from disk. */
  readonly bundle?: object | undefined;
}

/** Takes what a checkpoint holds. */
export interface Restoring {
  /** By its name across restarts; undefined: the job has no such state. */
  state(name: string): RestorableState | undefined;
  slice(slice: Slice, time: number): void;
}

/** What earlier batches left, of this run and of those before it. */
export interface Recovery {
  /** Puts all that has committed back. It is read from disk each time: an engine that has lost it asks again. */
  restore(into: Restoring): Promise<void>;
}

/** What an engine is told at its start. */
export interface EngineSettings {
  readonly graph: Graph;
  /** Names of what remembers, across restarts. */
  readonly names: ReadonlyMap<Node<unknown>, string>;
  /** Partitions of batches and shuffles that do not say how many they want. */
  readonly numPartitions: number;
  readonly accumulators: Accumulators;
  /** Opens the states of a node, where this process keeps them. */
  readonly openStore: OpenStore;
  /** Undefined: a function that throws fails the batch. */
  readonly skipPolicy?: SkipPolicy | undefined;
  /** Where whoever watches says what values are looked at. */
  readonly taps?: Taps | undefined;
  /** Stops what is running, between two chunks of a partition at the latest. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly telemetry: Telemetry;
  /** How others build the job again. Undefined: it is known to this thread only. */
  readonly job?: JobElsewhere | undefined;
  /** Undefined: what batches change is not written down, and nobody asks for it. */
  readonly recovery: Recovery | undefined;
  /** The address of a cluster, for engines that compute there. */
  readonly master?: string | undefined;
  /** Whether this process's Node is brought to a cluster whose executors have none. */
  readonly shipNode?: boolean | undefined;
  /** A directory that this process and all of a cluster's executors see. */
  readonly storage?: string | undefined;
}

/** A kind of engine, for the list in index.ts. */
export interface EngineKind extends Named {
  readonly takesInput: TakesInput;
  /**
   * Begins, with what earlier runs left. Whoever aborts `settings.signal` meanwhile waits for nothing that this has begun.
   * @throws StreamjobError CONFIG_INVALID, GRAPH_DIFFERS, JOB_INVALID, WORKER_LOST, CHECKPOINT_VALUE, FILE_ACCESS
   */
  open(settings: EngineSettings): Promise<Engine>;
}
