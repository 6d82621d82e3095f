/** What a flow is made of: the parts that the context opens, and the options that they share. */
import type { Clock } from '../core/clock.ts';
import type { EventBus } from '../core/events.ts';
import type { Logger } from '../core/log.ts';
import type { Reliability } from '../core/reliability.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Engine } from '../engine/engine.ts';
import type { Graph } from '../graph/graph.ts';
import type { Cutting } from './batch/cutting.ts';
import type { Rates } from './batch/rate-control.ts';
import type { Blocks } from './block/block-queue.ts';
import type { Durability } from './commit/durability.ts';
import type { DeadLetters } from './output/dead-letters.ts';
import type { Input } from './receive/input.ts';

/** What a flow is made of. */
export interface FlowSettings {
  readonly graph: Graph;
  readonly engine: Engine;
  readonly inputs: readonly Input[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
  readonly telemetry: Telemetry;
  readonly cut: 'interval' | 'eager';
  readonly cutting: Cutting;
  /** How many batches may be at work at a time: 1 or 2. */
  readonly batchesInFlight: number;
  readonly onFailure: 'retry' | 'stop';
  /** Aborted by `abort`, so that the engine stops what is running too. */
  readonly halt: AbortController;
  /** How often a failed batch is run again. Infinity: for ever. */
  readonly maxRetries: number;
  /** How many batches that hold data are run. Infinity: no limit. */
  readonly maxBatches: number;
  /** Half of the shortest request timeout of a peer, in ms. Infinity: no peer has one. */
  readonly maxDelayMs: number;
  /** The most memory for received data that waits or is processed, in bytes. */
  readonly maxBacklogBytes: number;
  /** The most disk for received data that waits in the log, in bytes. */
  readonly maxLogBytes: number;
  readonly reliability: Reliability;
  readonly durability: Durability;
  /** Names of the inputs across restarts. */
  readonly inputNames: ReadonlyMap<number, string>;
  /** The job's name, for outputs. */
  readonly job: string;
  /** Partitions of batches and shuffles that do not say how many they want. */
  readonly parallelism: number;
  /** The rates of back-pressure; undefined: inputs are read as fast as they give. */
  readonly rates: Rates | undefined;
  /** Takes the values that functions threw on; undefined: they fail the batch. */
  readonly deadLetters: DeadLetters | undefined;
  /** Is told what each batch held that has committed; undefined: nobody is. */
  readonly record: ((time: number, blocks: Blocks) => void) | undefined;
  /** Takes text for stdout. */
  readonly write: (text: string) => void;
}
