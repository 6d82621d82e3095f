/**
 * The stages of the next batch, run while one waits for the outputs and the commit of the batch before. Its deliveries stay in the queue
 * until that one has committed, as if nothing had been run: they can be withdrawn, and then the stages run again without them.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Graph } from '../../graph/node.ts';
import type { Accumulators } from '../../graph/shared.ts';
import type { Cutting, WaitingState } from '../batch/cutting.ts';
import type { BlockQueue, Blocks } from '../block/block-queue.ts';
import type { Receiver } from '../receive/receiver.ts';

/** What it needs. */
export interface RunAheadSettings {
  readonly queue: BlockQueue;
  readonly cutting: Cutting;
  readonly waiting: WaitingState;
  readonly engine: Engine;
  readonly clock: Clock;
  /** The most memory for the received data of a batch, in bytes. */
  readonly mostBytes: number;
  /** Whether the batch after the one that is being processed may begin before its commit. */
  readonly mayBegin: () => boolean;
}

/** Outputs that are done sooner leave nothing to be gained; in ms. */
const PATIENCE_MS = 2;

interface Begun {
  readonly time: number;
  readonly blocks: Blocks;
  /** The end of its stages, good or bad: what failed is run again when it is its turn, and fails again there. */
  readonly stages: Promise<void>;
  /** What it was worked out from is not so: a batch before it was given up. */
  stale: boolean;
}

/**
 * Whether order allows it: nothing that a batch does while its outputs run can be seen by the batch before, and nothing that
 * belongs to a cut is lost when its batch begins before the last commit.
 */
export function allowsRunAhead(
  graph: Graph,
  receivers: readonly Receiver[],
  accumulators: Accumulators,
  deadLetters: unknown,
): () => boolean {
  // A state takes in one batch after the other; time-outs and positions are those of a commit; ids are filtered batch by batch.
  const inOrder =
    graph.nodes.some(({ store, pending }) => store !== undefined || pending !== undefined) ||
    receivers.some(({ beforeBatch, position, dedupe }) => (beforeBatch ?? position ?? dedupe) !== undefined) ||
    deadLetters !== undefined;
  // Outputs read accumulators: those of their own batch and before.
  return () => !inOrder && accumulators.isEmpty;
}

/** See the file's head. */
export class RunAhead {
  readonly #settings: RunAheadSettings;
  #looking = false;
  #timer: Timer | undefined;
  #begun: Begun | undefined;

  constructor(settings: RunAheadSettings) {
    this.#settings = settings;
  }

  /** The time of the batch whose stages have begun; it is the next one. */
  get time(): number | undefined {
    return this.#begun?.time;
  }

  /** The stages of a batch are done, its outputs begin: from now on the next one may run. */
  open(): void {
    if (this.#begun !== undefined || !this.#settings.mayBegin()) return;
    this.#timer = this.#settings.clock.after(PATIENCE_MS, () => {
      this.#looking = true;
      this.look();
    });
  }

  /** The batch is over, or its stages are to be run again: no other one begins. */
  close(): void {
    this.#looking = false;
    this.#timer?.cancel();
  }

  /** Begins if it is time to; called when something new waits, too. */
  look(): void {
    const { cutting, engine, mostBytes, queue, waiting } = this.#settings;
    if (!this.#looking || queue.isEmpty) return;
    const blocks = queue.peek(mostBytes);
    // What is on disk is read when its batch is cut.
    if ([...blocks.values()].some((arrivals) => arrivals.some(({ onDisk }) => onDisk === true))) return;
    const time = cutting.take(waiting);
    if (time === undefined) return cutting.onDue(() => this.look(), waiting);
    this.#looking = false;
    const done = (): void => {};
    this.#begun = { time, blocks, stages: engine.run({ time, blocks }).then(done, done), stale: false };
  }

  /** A batch was given up: what has begun after it begins again when it is its turn. */
  invalidate(): void {
    if (this.#begun !== undefined) this.#begun.stale = true;
  }

  /** Waits for the end of the stages that have begun. */
  async idle(): Promise<void> {
    await this.#begun?.stages;
  }

  /** Takes what has begun out of the queue, its stages done. @returns undefined: none has, or it is to be cut anew, at its time */
  async take(): Promise<Blocks | undefined> {
    const begun = this.#begun;
    if (begun === undefined) return undefined;
    await begun.stages;
    this.#begun = undefined;
    const taken = begun.stale ? undefined : this.#settings.queue.takeAll(begun.blocks);
    if (taken === undefined) this.#settings.engine.forget(begun.time);
    return taken;
  }
}
