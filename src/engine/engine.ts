/** The port of an engine: WHO computes. It runs lineages; how, and on which threads or machines, is its own affair. */
import type { Named } from '../core/registry.ts';
import type { JobRunner } from '../graph/rdd.ts';

/** A running engine. */
export interface Engine extends JobRunner {
  /** Ends its threads, if it has any. */
  close(): Promise<void>;
}

/** What an engine is told at its start. */
export interface EngineSettings {
  /** Stops what is running, between two chunks of a partition at the latest. */
  readonly signal: AbortSignal;
}

/** A kind of engine, for the list in index.ts. */
export interface EngineKind extends Named {
  open(settings: EngineSettings): Engine;
}
