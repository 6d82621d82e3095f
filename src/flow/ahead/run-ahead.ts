/**
 * The stages of the next batch, run while one waits for the outputs and the commit of the batch before. Its deliveries stay in the queue
 * until that one has committed, as if nothing had been run: they can be withdrawn, and then the stages run again without them.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { type Batch, cutBatch } from '../batch/batch.ts';
import type { Cutting, WaitingState } from '../batch/cutting.ts';
import type { BlockQueue, Blocks } from '../block/block-queue.ts';
import type { Input } from '../receive/input.ts';

/** What running ahead works with. */
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
/** Stages begin when outputs are expected to take so many times as long as they do themselves. */
const HEADROOM = 1.5;

/** A batch whose stages have begun. */
export interface Begun {
  readonly batch: Batch;
  /** The end of its stages, good or bad: what failed is run again when it is its turn, and fails again there. */
  readonly stages: Promise<void>;
}

/**
 * Whether order allows it: nothing that a batch does while its outputs run can be seen by the batch before, and nothing that
 * belongs to a cut is lost when its batch begins before the last commit.
 */
export function allowsRunAhead(
  graph: Graph,
  inputs: readonly Input[],
  accumulators: Accumulators,
  deadLetters: unknown,
): () => boolean {
  // A state takes in one batch after the other; positions are those of a commit; ids are filtered batch by batch.
  const inOrder =
    graph.nodes.some(({ state, pending }) => state !== undefined || pending !== undefined) ||
    inputs.some(({ atCut, position, dedupe }) => (atCut ?? position ?? dedupe) !== undefined) ||
    deadLetters !== undefined;
  // Outputs read accumulators: those of their own batch and before.
  return () => !inOrder && accumulators.isEmpty;
}

/** The stages of the next batch, run while one waits for the outputs and the commit of the batch before. */
export class RunAhead {
  readonly #settings: RunAheadSettings;
  #looking = false;
  #timer: Timer | undefined;
  #begun: Begun | undefined;
  /** The batch before the one that has begun was given up: what windows remember is without it now, so the stages must run again. */
  #stale = false;
  #openedAt: number | undefined;
  /** Of the last batch. */
  #stagesMs = 0;
  #outputsMs = 0;
  /** How long the stages of the batch took that has begun. */
  #begunMs = 0;
  /** Whether the batch whose turn it is ran ahead: then its stages took no time now. */
  #isAhead = false;

  constructor(settings: RunAheadSettings) {
    this.#settings = settings;
  }

  /** The next batch, when its stages have begun. */
  get begun(): Begun | undefined {
    return this.#begun;
  }

  /**
   * The stages of a batch are done, its outputs begin: from now on the next one may run. Late, so that it holds as much as it would have
   * held after them.
   * @param stagesMs how long the stages took just now
   */
  open(stagesMs: number): void {
    const { clock, mayBegin } = this.#settings;
    this.#openedAt = clock.now();
    if (!this.#isAhead) this.#stagesMs = stagesMs;
    this.#isAhead = false;
    if (this.#begun !== undefined || !mayBegin()) return;
    const wait = Math.max(PATIENCE_MS, this.#outputsMs - HEADROOM * this.#stagesMs);
    this.#timer = clock.after(wait, () => {
      this.#looking = true;
      this.look();
    });
  }

  /** The stages of a batch begin, and the engine can run those of the next one at the same time: it may begin now. */
  openWithStages(): void {
    const { mayBegin } = this.#settings;
    if (this.#begun !== undefined || !mayBegin()) return;
    this.#looking = true;
    this.look();
  }

  /** The batch is over, or its stages are to be run again: no other one begins. */
  close(): void {
    this.#looking = false;
    this.#timer?.cancel();
    if (this.#openedAt === undefined) return;
    this.#outputsMs = this.#settings.clock.now() - this.#openedAt;
    this.#openedAt = undefined;
  }

  /** Begins if it is time to; called when something new waits, too. */
  look(): void {
    if (!this.#looking) return;
    const { cutting, mayBegin, mostBytes, queue, waiting } = this.#settings;
    // What is on disk is read when its batch is cut.
    if (queue.isEmpty || queue.onDisk > 0 || !mayBegin()) return;
    const time = cutting.take(waiting);
    if (time === undefined) return cutting.onDue(() => this.look(), waiting);
    this.#looking = false;
    this.#begin(time, queue.peek(mostBytes));
  }

  #begin(time: number, blocks: Blocks): void {
    const { clock, engine } = this.#settings;
    const batch = cutBatch(time, blocks, clock.now());
    batch.become('ahead');
    const done = (): void => {
      this.#begunMs = clock.now() - batch.startedAt;
    };
    this.#stale = false;
    const stages = engine.run(batch, 1).then((report) => {
      batch.report = report;
      done();
    }, done);
    this.#begun = { batch, stages };
  }

  /** A batch was given up: what has begun after it begins again when it is its turn, and nothing begins before that. */
  invalidate(): void {
    this.close();
    this.#stale = true;
  }

  /** Takes what has begun, its stages done, out of the queue. @returns undefined: none has, or it is to be cut anew, at its time */
  async take(): Promise<Batch | undefined> {
    const begun = this.#begun;
    if (begun === undefined) return undefined;
    this.#begun = undefined;
    const { batch } = begun;
    if (this.#stale || this.#settings.queue.takeAll(batch.blocks) === undefined) {
      await this.#settings.engine.forget(batch.time);
      return undefined;
    }
    this.#isAhead = true;
    this.#stagesMs = this.#begunMs;
    return batch;
  }
}
