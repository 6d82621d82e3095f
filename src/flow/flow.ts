/**
 * The way of an event, joined: receivers hand deliveries to the block queue; at each tick a batch is cut; its stages and
 * outputs run; it commits, or is given up; then its tokens travel back to the receivers. Batches run one after the other; where order
 * allows it, the stages of the next one run while this one's outputs and commit are waited for.
 */
import { sleep } from '../core/clock.ts';
import { errorLine, StreamjobError } from '../core/errors.ts';
import { TurnTaker } from '../core/turn.ts';
import type { Node, Past } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import { allowsRunAhead, type Begun, RunAhead } from './ahead/run-ahead.ts';
import type { BacklogState } from './batch/backlog.ts';
import { type Batch, cutBatch } from './batch/batch.ts';
import type { WaitingState } from './batch/cutting.ts';
import { BlockQueue, type Blocks } from './block/block-queue.ts';
import type { Unfinished } from './commit/durability.ts';
import { GivenBack } from './given-back.ts';
import { Incoming } from './incoming.ts';
import type { FlowInspection } from './inspection.ts';
import { Pressure } from './pressure.ts';
import { Processing } from './processing.ts';
import { Attachments } from './receive/attachments.ts';
import type { Intake, Receiver } from './receive/receiver.ts';
import { Rest } from './rest.ts';
import { Retry, retryPauseMs } from './retry.ts';
import type { FlowSettings } from './settings.ts';

/** The way of an event, joined. */
export class Flow implements Past {
  readonly #settings: FlowSettings;
  readonly #queue = new BlockQueue();
  readonly #waiting: WaitingState;
  readonly #ahead: RunAhead;
  readonly #pressure: Pressure;
  readonly #processing: Processing;
  readonly #givenBack: GivenBack;
  readonly #retry: Retry;
  readonly #turns = new TurnTaker();
  readonly #incoming: Incoming;
  readonly #attachments: Attachments;
  readonly #rest = new Rest();
  readonly #stop: AbortController;
  #abortReason = '';
  #failure: Error | undefined;
  /** The batch whose turn it is, while its stages, which ran ahead, are waited for. */
  #awaited: { readonly events: number; readonly since: number } | undefined;
  /** When a graceful stop began, in ms since the epoch. */
  #drainTo: number | undefined;

  constructor(settings: FlowSettings) {
    this.#settings = settings;
    const { durability, engine, events, graph, halt, log } = settings;
    this.#stop = halt;
    const somethingWaits = (): boolean => !this.#queue.isEmpty || graph.nodes.some((node) => node.pending?.() === true);
    this.#waiting = { somethingWaits, nothingDue: () => !somethingWaits() && engine.isEmpty };
    this.#ahead = this.#runAhead();
    for (const arrival of durability.waiting()) this.#queue.add(arrival);
    this.#pressure = new Pressure(settings, () => this.#backlogState());
    this.#givenBack = new GivenBack(log, events);
    this.#retry = new Retry(settings);
    this.#incoming = new Incoming(settings, {
      queue: this.#queue,
      settle: (token, outcome) => this.#processing.settlement.settleOne(token, outcome),
      giveUp: (token, reason) => this.#processing.giveUp(token, reason),
      onReceived: (input, count) => this.#pressure.received(input, count),
      onAdmitted: () => this.#onAdmitted(),
      onWithdrawn: () => this.#pressure.look(),
      onFailure: (error) => this.fail(error),
    });
    this.#attachments = new Attachments(this.#incoming, settings.telemetry);
    this.#processing = new Processing(settings, {
      attachments: this.#attachments,
      ahead: this.#ahead,
      givenBack: this.#givenBack,
      onChange: () => this.#pressure.look(),
      onLearned: (batch) => this.#pressure.learn(batch),
      onFailure: (error) => this.fail(error),
    });
  }

  #runAhead(): RunAhead {
    const { accumulators } = this.#settings.graph;
    const { batchesInFlight, deadLetters, graph, inputs, maxBacklogBytes, maxBatches } = this.#settings;
    const allowed = allowsRunAhead(graph, inputs, accumulators, deadLetters);
    return new RunAhead({
      ...this.#settings,
      queue: this.#queue,
      waiting: this.#waiting,
      mostBytes: maxBacklogBytes,
      mayBegin: () =>
        batchesInFlight > 1 &&
        !this.#stop.signal.aborted &&
        this.#drainTo === undefined &&
        this.#processing.batchesWithData + 1 < maxBatches &&
        allowed(),
    });
  }

  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    return this.#settings.engine.read(node, time);
  }

  /** Without the batch whose stages run ahead: nothing of it is put out yet. */
  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[] {
    const ahead = this.#ahead.begun?.batch.time ?? Number.POSITIVE_INFINITY;
    return this.#settings.engine.timesOf(node, after, Math.min(upTo, ahead - 1));
  }

  /** Attaches a receiver; the one that was attached in its place loses it. @param place which of the input's receivers it is */
  attach(input: number, place: number, receiver: Receiver): Intake {
    return this.#attachments.attach(input, place, receiver);
  }

  /** Events that are in no batch yet. */
  get waitingEvents(): number {
    return this.#queue.events;
  }

  /** Where the events are that are on their way now. */
  inspect(): FlowInspection {
    const running = this.#processing.running;
    const batch = this.#ahead.begun?.batch;
    return {
      receiving: this.#incoming.logging,
      // What runs ahead is in the queue still, so that it can be taken back.
      waiting: { events: Math.max(0, this.#queue.events - (batch?.events ?? 0)), since: this.#queue.oldest },
      cut: batch === undefined ? { events: 0, since: undefined } : { events: batch.events, since: batch.oldest },
      running,
      settling: this.#processing.settlement.open,
    };
  }

  /** What a graceful stop waits for now, for people; undefined: nothing that they could change. */
  get waitsFor(): string | undefined {
    return this.#processing.waitsFor;
  }

  /** Runs batches until it is stopped. @throws StreamjobError BATCH_FAILED when a batch failed and the policy is to stop */
  async run(): Promise<void> {
    const { cutting, durability, maxBatches } = this.#settings;
    try {
      const pending = durability.pending();
      if (pending !== undefined) await this.#runPending(pending);
      while (!this.#stop.signal.aborted && this.#processing.batchesWithData < maxBatches) {
        if (this.#isDrained) break;
        const time = this.#ahead.begun?.batch.time ?? cutting.take(this.#waiting);
        if (time === undefined) await this.#nextTick();
        else {
          await this.#runBatch(time);
          await this.#turns.yield();
        }
      }
    } finally {
      // After a stop the engine ends what runs; after a failure nobody waits for it.
      if (this.#stop.signal.aborted) await this.#ahead.begun?.stages;
      cutting.stop();
      this.#pressure.stop();
      this.#attachments.close();
      await this.#abandonRest();
      if (this.#stop.signal.aborted) this.#givenBack.report(this.#abortReason);
      this.#rest.end();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when the batches that are due by the clock as it stands have ended, or the run has: what the test kit waits for. */
  async caughtUp(): Promise<void> {
    const { clock, cutting } = this.#settings;
    await this.#rest.until(() => cutting.isCutTo(clock.now()));
    await this.#processing.settlement.idle();
  }

  /** Runs what has arrived, then ends `run`. */
  drain(): void {
    this.#drainTo ??= this.#settings.clock.now();
    this.#rest.wake();
  }

  /**
   * Ends `run`: stages stop between two chunks, nobody waits for an output that runs; what has not committed is given up.
   * @param reason for logs and listeners
   */
  abort(reason = 'the context was stopped at once'): void {
    if (!this.#stop.signal.aborted) this.#abortReason = reason;
    this.#stop.abort();
    for (const { receivers } of this.#settings.inputs) for (const receiver of receivers) receiver.abandon();
    this.#processing.stop();
    this.#rest.wake();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.abort();
  }

  /** Something waits for a batch now, or does not any more. */
  #onAdmitted(): void {
    this.#pressure.look();
    this.#ahead.look();
    if (this.#drainTo !== undefined || this.#settings.cut === 'eager') this.#rest.wake();
  }

  /**
   * Whether a graceful stop is done: all that was received is through, and so are the batches that were due when it began. Those that
   * come due while it lasts are left out: where batches take longer than the interval there would always be another one.
   */
  get #isDrained(): boolean {
    if (this.#drainTo === undefined || this.#ahead.begun !== undefined) return false;
    return this.#queue.isEmpty && !this.#incoming.isLogging && this.#settings.cutting.isCutTo(this.#drainTo);
  }

  async #runBatch(time: number): Promise<void> {
    const { clock, inputs } = this.#settings;
    for (const { atCut } of inputs) await atCut?.look(time);
    const startedAt = clock.now();
    if (this.#ahead.begun !== undefined) await this.#awaitStages(this.#ahead.begun);
    // What waits goes back whole.
    if (this.#stop.signal.aborted) return;
    const ahead = await this.#ahead.take();
    if (ahead !== undefined) ahead.startedAt = startedAt;
    const batch = ahead ?? (await this.#cut(time, startedAt));
    if (batch !== undefined) await this.#processing.run(batch);
  }

  /**
   * Cuts a batch, and reads what of it lies elsewhere. Where that cannot be read (a storage is away for a while) it is tried again, as a
   * batch that fails is run again; until it is read all of it stays in the queue, so that peers can take it back.
   * @returns undefined: the run was stopped meanwhile @throws StreamjobError LOG_CORRUPT; FILE_ACCESS when the policy is to stop
   */
  async #cut(time: number, startedAt: number): Promise<Batch | undefined> {
    const { clock, durability, log, maxBacklogBytes } = this.#settings;
    for (let attempt = 1; ; ) {
      const blocks = this.#queue.peek(maxBacklogBytes);
      try {
        const loaded = await durability.load(blocks);
        if (this.#queue.takeAll(blocks) !== undefined) return cutBatch(time, loaded, startedAt);
        // A peer has taken something back meanwhile.
      } catch (error) {
        if (!this.#retry.allows(attempt, error)) {
          const isReadLater = error instanceof StreamjobError && error.canRetry && this.#settings.onFailure === 'retry';
          if (!isReadLater) throw error;
          this.#giveBackUnread(time, blocks);
          attempt = 1;
        }
        const retryInMs = retryPauseMs(attempt);
        log.error(
          { batch: time, attempt, retryInMs, err: error },
          `what came for batch ${time} cannot be read (attempt ${attempt}), it is read again in ${retryInMs} ms: ${errorLine(error)}`,
        );
        attempt++;
        await sleep(clock, retryInMs, this.#stop.signal);
        if (this.#stop.signal.aborted) return undefined;
      }
    }
  }

  /** Has been tried often enough: peers that wait are told to send it again. What they were told is delivered stays, and is tried again. */
  #giveBackUnread(time: number, blocks: Blocks): void {
    const waited = new Map(
      [...blocks].map(([input, arrivals]) => [input, arrivals.filter(({ acked }) => acked === undefined)]),
    );
    if (this.#queue.takeAll(waited) === undefined) return;
    this.#processing.settlement.settle(cutBatch(time, waited, this.#settings.clock.now()), 'given-up', () => {});
  }

  /** It is its turn, and its stages still run: what comes waits for it as for any other batch. */
  async #awaitStages({ batch, stages }: Begun): Promise<void> {
    this.#awaited = { events: batch.events, since: this.#settings.clock.now() };
    this.#pressure.look();
    await stages;
    this.#awaited = undefined;
  }

  /** What the last run had cut and not committed: the same contents at the same time. */
  async #runPending({ time, id, blocks }: Unfinished): Promise<void> {
    const { clock, durability, log } = this.#settings;
    const batch = cutBatch(time, await durability.load(blocks), clock.now(), id);
    log.info({ batch: time, events: batch.events }, `batch ${time} of the last run is run again`);
    await this.#processing.run(batch);
  }

  #nextTick(): Promise<void> {
    return this.#rest.rest((wake) => {
      this.#settings.cutting.onDue(wake, this.#waiting);
      if (this.#stop.signal.aborted) wake();
    });
  }

  #backlogState(): BacklogState {
    const { clock, durability } = this.#settings;
    const batch = this.#processing.current;
    const awaited = this.#awaited;
    const running = batch === undefined ? awaited : { events: batch.events, since: batch.startedAt };
    return {
      // What a peer takes back of an awaited batch has left the queue already.
      waitingEvents: Math.max(0, this.#queue.events - (awaited?.events ?? 0)),
      heldBytes: this.#queue.bytes + this.#incoming.loggingBytes + (batch?.bytes ?? 0),
      logBytes: durability.logBytes,
      running: running && { events: running.events, sinceMs: clock.now() - running.since },
    };
  }

  /** What was received and never became a batch goes back to the peers. */
  async #abandonRest(): Promise<void> {
    await this.#incoming.idle();
    if (!this.#queue.isEmpty) {
      const { clock, cutting } = this.#settings;
      const rest = cutBatch(cutting.last, this.#queue.take(), clock.now());
      this.#givenBack.count(rest.events, 0);
      this.#processing.settlement.settle(rest, 'given-up', () => {});
    }
    await this.#processing.idle();
  }
}
