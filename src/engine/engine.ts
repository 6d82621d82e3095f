/** The port of an engine: WHO computes. It runs lineages; how, and on which threads or machines, is its own affair. */
import type { Named } from '../core/registry.ts';
import type { Skip } from '../graph/lineage.ts';
import type { JobRunner } from '../graph/rdd.ts';

/** A running engine. */
export interface Engine extends JobRunner {
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
}

/** What an engine is told at its start. */
export interface EngineSettings {
  /** Undefined: a function that throws fails the batch. */
  readonly poison?: Poison | undefined;
  /** Stops what is running, between two chunks of a partition at the latest. */
  readonly signal: AbortSignal;
}

/** A kind of engine, for the list in index.ts. */
export interface EngineKind extends Named {
  open(settings: EngineSettings): Engine;
}
