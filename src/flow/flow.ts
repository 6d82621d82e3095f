/**
 * The way of an event, joined: receivers hand deliveries to the block queue; at each tick a batch is cut; its stages and
 * outputs run; it commits, or is given up; then its tokens travel back to the receivers. Batches run one after the other; where order
 * allows it, the stages of the next one run while this one's outputs and commit are waited for.
 */

import { type Clock, sleep, type Timer } from '../core/clock.ts';
import { errorLine, messageOf, StreamjobError } from '../core/errors.ts';
import type { EventBus } from '../core/events.ts';
import type { Logger } from '../core/log.ts';
import { reached } from '../core/points.ts';
import type { Reliability } from '../core/reliability.ts';
import { untilAborted } from '../core/scope.ts';
import { TurnTaker } from '../core/turn.ts';
import type { Engine } from '../engine/engine.ts';
import type { Graph, Node, Output, Past } from '../graph/node.ts';
import type { RDD } from '../graph/rdd.ts';
import type { Accumulators } from '../graph/shared.ts';
import { allowsRunAhead, type Begun, RunAhead } from './ahead/run-ahead.ts';
import { Backlog, type BacklogState } from './batch/backlog.ts';
import { type Batch, cutBatch, delaysOf, eventsByInput } from './batch/batch.ts';
import type { Cutting, WaitingState } from './batch/cutting.ts';
import { RateControl, type Rates } from './batch/rate-control.ts';
import { SummedBatches } from './batch/summed-batches.ts';
import { Admission } from './block/admission.ts';
import { BlockQueue, type Blocks } from './block/block-queue.ts';
import type { Durability } from './commit/durability.ts';
import { Ledger } from './commit/ledger.ts';
import { Settlement } from './commit/settlement.ts';
import type { DeadLetters } from './output/dead-letters.ts';
import { Delivery } from './output/output-run.ts';
import { ReadingGate } from './receive/reading-gate.ts';
import type { AckToken, Arrival, GiveUpResult, Intake, Outcome, Receiver } from './receive/receiver.ts';

/** What a flow is made of. */
export interface FlowSettings {
  readonly graph: Graph;
  readonly engine: Engine;
  readonly receivers: readonly Receiver[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
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
  /** Names of the inputs, by receiver. */
  readonly inputNames: ReadonlyMap<number, string>;
  /** The job's name, for outputs. */
  readonly job: string;
  /** The rates of back-pressure; undefined: inputs are read as fast as they give. */
  readonly rates: Rates | undefined;
  readonly accumulators: Accumulators;
  /** Takes the values that functions threw on; undefined: they fail the batch. */
  readonly deadLetters: DeadLetters | undefined;
  /** Takes text for stdout. */
  readonly write: (text: string) => void;
}

/** Above this part of the memory for received data, what is in the log is kept there only. */
const SPILL_FRACTION = 0.5;

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5000;

/** See the file's head. */
export class Flow implements Intake, Past {
  readonly #settings: FlowSettings;
  readonly #queue = new BlockQueue();
  readonly #cutting: Cutting;
  readonly #waiting: WaitingState;
  readonly #ahead: RunAhead;
  readonly #learned: SummedBatches;
  readonly #backlog: Backlog;
  readonly #reading: ReadingGate;
  readonly #rates: RateControl | undefined;
  readonly #ledger: Ledger;
  readonly #settlement: Settlement;
  readonly #turns = new TurnTaker();
  readonly #admission: Admission;
  readonly #stop: AbortController;
  /** What a stop that did not commit everything gave back. */
  readonly #givenBack = { events: 0, batches: 0 };
  #abortReason = '';
  #delivery: Delivery | undefined;
  /** The batch that waits to be run again. */
  #failing: { readonly time: number; readonly attempts: number } | undefined;
  #runningOutput: { readonly id: string; readonly time: number } | undefined;
  #failure: Error | undefined;
  #batchesWithData = 0;
  #overrun: Timer | undefined;
  /** The batch whose turn it is, while its stages, which ran ahead, are waited for. */
  #awaited: { readonly events: number; readonly since: number } | undefined;
  #paused = false;
  /** When a graceful stop began, in ms since the epoch. */
  #drainTo: number | undefined;
  #abandoned: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  /** Set while nothing is due; `ended` when nothing will be any more. */
  #rest: 'none' | 'waiting' | 'ended' = 'none';
  #onRest: (() => void)[] = [];

  constructor(settings: FlowSettings) {
    this.#settings = settings;
    const { durability } = settings;
    this.#stop = settings.halt;
    const { graph, engine } = settings;
    const somethingWaits = (): boolean => !this.#queue.isEmpty || graph.nodes.some((node) => node.pending?.() === true);
    this.#cutting = settings.cutting;
    this.#waiting = { somethingWaits, nothingDue: () => !somethingWaits() && engine.isEmpty };
    const { accumulators, deadLetters } = settings;
    const allowed = allowsRunAhead(graph, settings.receivers, accumulators, deadLetters);
    this.#ahead = new RunAhead({
      ...settings,
      queue: this.#queue,
      waiting: this.#waiting,
      mostBytes: settings.maxBacklogBytes,
      mayBegin: () =>
        settings.batchesInFlight > 1 &&
        !this.#stop.signal.aborted &&
        this.#drainTo === undefined &&
        this.#batchesWithData + 1 < settings.maxBatches &&
        allowed(),
    });
    this.#learned = new SummedBatches(settings.cut === 'eager' ? graph.batchMs : 0);
    for (const arrival of durability.waiting()) this.#queue.add(arrival);
    this.#backlog = new Backlog(settings.maxDelayMs, settings.maxBacklogBytes, settings.maxLogBytes);
    this.#reading = new ReadingGate(settings.receivers);
    const { rates, maxDelayMs: longestPauseMs } = settings;
    if (rates !== undefined) {
      const { batchMs } = settings.graph;
      this.#rates = new RateControl({ ...settings, rates, reading: this.#reading, batchMs, longestPauseMs });
    }
    this.#settlement = new Settlement(settings.receivers, settings.log);
    this.#admission = new Admission({
      level: settings.reliability,
      queue: this.#queue,
      clock: settings.clock,
      log: settings.log,
      inputName: (receiver) => settings.inputNames.get(receiver) ?? `input-${receiver}`,
      readsByItself: (id) => settings.receivers.some((each) => each.id === id && each.position !== undefined),
      logBlock: durability.logBlock,
      settle: ({ token }, outcome) => this.#settlement.settleOne(token, outcome),
      spillBytes: settings.maxBacklogBytes * SPILL_FRACTION,
      onChange: () => this.#onAdmitted(),
      signal: this.#stop.signal,
    });
    this.#ledger = new Ledger((batch, outcome, reason) => this.#onFate(batch, outcome, reason));
  }

  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    return this.#settings.engine.rddOf(node, time);
  }

  /** Without the batch whose stages run ahead: nothing of it is put out yet. */
  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[] {
    const ahead = this.#ahead.begun?.time ?? Number.POSITIVE_INFINITY;
    return this.#settings.engine.timesOf(node, after, Math.min(upTo, ahead - 1));
  }

  /** Events that are in no batch yet. */
  get waitingEvents(): number {
    return this.#queue.events;
  }

  /** Runs batches until it is stopped. @throws StreamjobError BATCH_FAILED when a batch failed and the policy is to stop */
  async run(): Promise<void> {
    try {
      const pending = this.#settings.durability.pending();
      if (pending !== undefined) await this.#runPending(pending);
      while (!this.#stop.signal.aborted && this.#batchesWithData < this.#settings.maxBatches) {
        if (this.#isDrained) break;
        const time = this.#ahead.begun?.time ?? this.#cutting.take(this.#waiting);
        if (time === undefined) await this.#nextTick();
        else {
          await this.#runBatch(time);
          await this.#turns.yield();
        }
      }
    } finally {
      // After a stop the engine ends what runs; after a failure nobody waits for it.
      if (this.#stop.signal.aborted) await this.#ahead.begun?.stages;
      this.#cutting.stop();
      this.#rates?.stop();
      this.#overrun?.cancel();
      await this.#abandonRest();
      this.#reportGivenBack();
      this.#rests('ended');
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Whether a graceful stop is done: all that was received is through, and so are the batches that were due when it began. Those that
   * come due while it lasts are left out: where batches take longer than the interval there would always be another one.
   */
  get #isDrained(): boolean {
    if (this.#drainTo === undefined || this.#ahead.begun !== undefined) return false;
    return this.#queue.isEmpty && !this.#admission.isLogging && this.#cutting.isCutTo(this.#drainTo);
  }

  /** Resolves when the batches that are due by the clock as it stands have ended, or the run has: what the test kit waits for. */
  async settled(): Promise<void> {
    const isDone = (): boolean =>
      this.#rest === 'ended' || (this.#rest === 'waiting' && this.#cutting.isCutTo(this.#settings.clock.now()));
    while (!isDone()) await new Promise<void>((resolve) => this.#onRest.push(resolve));
    await this.#settlement.idle();
  }

  #rests(how: 'waiting' | 'ended'): void {
    this.#rest = how;
    for (const resolve of this.#onRest.splice(0)) resolve();
  }

  /** Runs what has arrived, then ends `run`. */
  drain(): void {
    this.#drainTo ??= this.#settings.clock.now();
    this.#wake();
  }

  /**
   * Ends `run`: stages stop between two chunks, nobody waits for an output that runs; what has not committed is given up.
   * @param reason for logs and listeners
   */
  abort(reason = 'the context was stopped at once'): void {
    if (!this.#stop.signal.aborted) this.#abortReason = reason;
    this.#stop.abort();
    for (const receiver of this.#settings.receivers) receiver.abandon?.();
    this.#ledger.giveUp('the context was stopped');
    this.#wake();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.abort();
  }

  reportError(receiver: number, name: string, message: string): void {
    this.#settings.events.next({ type: 'receiverError', receiver, name, message });
  }

  offer(arrival: Arrival): void {
    this.#admission.offer(arrival);
    this.#rates?.received(arrival.token.receiver, arrival.events.count);
  }

  /** Something waits for a batch now, or does not any more. */
  #onAdmitted(): void {
    this.#watchBacklog();
    this.#ahead.look();
    if (this.#drainTo !== undefined || this.#settings.cut === 'eager') this.#wake();
  }

  withdraw(token: AckToken): boolean {
    const removed = this.#queue.remove(token) !== undefined;
    if (removed) this.#watchBacklog();
    return removed;
  }

  giveUp(token: AckToken, reason: string): GiveUpResult {
    if (this.withdraw(token)) return 'withdrawn';
    if (!this.#ledger.isRunning(token)) return 'unknown';
    if (this.#mustGoOn || this.#ledger.isSealed) return 'committing';
    return this.#ledger.giveUp(reason) ? 'batch-given-up' : 'unknown';
  }

  /**
   * Whether the batch that runs can only end by its commit: an output of it has committed; or one was called, and the batch is in
   * the log, so that its outputs may take it in exactly once. Its effect may be there soon, or be there already: were the events to
   * come again in another batch, they would count twice.
   */
  get #mustGoOn(): boolean {
    const delivery = this.#delivery;
    return (
      delivery?.committed === true || (delivery?.begun === true && this.#settings.durability.isLogged(delivery.time))
    );
  }

  async #runBatch(time: number): Promise<void> {
    const { clock, durability, maxBacklogBytes, receivers } = this.#settings;
    for (const receiver of receivers) await receiver.beforeBatch?.(time);
    const startedAt = clock.now();
    if (this.#ahead.begun !== undefined) await this.#awaitStages(this.#ahead.begun);
    // What waits goes back whole.
    if (this.#stop.signal.aborted) return;
    const taken = this.#ahead.take() ?? this.#queue.take(maxBacklogBytes);
    await this.#process(cutBatch(time, await durability.load(taken), startedAt));
  }

  /** It is its turn, and its stages still run: what comes waits for it as for any other batch. */
  async #awaitStages({ events, stages }: Begun): Promise<void> {
    this.#awaited = { events, since: this.#settings.clock.now() };
    this.#watchBacklog();
    await stages;
    this.#awaited = undefined;
  }

  /** What the last run had cut and not committed: the same contents at the same time. */
  async #runPending({ time, id, blocks }: { time: number; id: string; blocks: Blocks }): Promise<void> {
    const { clock, durability, log } = this.#settings;
    const batch = cutBatch(time, await durability.load(blocks), clock.now(), id);
    log.info({ batch: time, events: batch.events }, `batch ${time} of the last run is run again`);
    await this.#process(batch);
  }

  async #process(batch: Batch): Promise<void> {
    const { events, graph, write, job, log } = this.#settings;
    const delivery = new Delivery({ job, time: batch.time, batch: batch.id }, graph.outputs, write, log);
    this.#delivery = delivery;
    const givenUp = this.#ledger.begin(batch);
    const { time } = batch;
    events.next({ type: 'batchSubmitted', time, events: batch.events, eventsByInput: eventsByInput(batch) });
    this.#watchBacklog();
    events.next({ type: 'batchStarted', time, events: batch.events });
    // While it was read from disk there was no batch that the stop could give up.
    if (this.#stop.signal.aborted) this.#ledger.giveUp('the context was stopped');
    try {
      await this.#attempt(batch, delivery, givenUp);
    } finally {
      this.#ahead.close();
      this.#ledger.end();
      this.#delivery = undefined;
      this.#failing = undefined;
    }
    this.#watchBacklog();
  }

  async #attempt(batch: Batch, delivery: Delivery, givenUp: AbortSignal): Promise<void> {
    const { clock, deadLetters, engine, events, log, onFailure, maxRetries } = this.#settings;
    for (let attempt = 1; !givenUp.aborted; attempt++) {
      try {
        await this.#settings.durability.logCut(batch);
        reached('cut');
        const stagesBegan = clock.now();
        await (deadLetters?.during(batch.time, () => engine.run(batch)) ?? engine.run(batch));
        if (!givenUp.aborted) this.#ahead.open(clock.now() - stagesBegan);
        const outputs = delivery.run(
          ({ node }) => engine.rddOf(node, batch.time),
          () => !givenUp.aborted,
          (output) => this.#watchOutput(output, batch.time),
        );
        // A stop does not wait for an output that hangs; a batch that is given up for another reason does: its output must
        // not run beside that of the next batch.
        await untilAborted(outputs, this.#stop.signal);
        // One that was given up took its time all the same: else a job that is too slow from its first batch on would read as
        // much again, and give that up too.
        if (givenUp.aborted) {
          this.#learn(batch);
          break;
        }
        await deadLetters?.write();
        if (!(await this.#commit(batch))) break;
        if (batch.events > 0) this.#batchesWithData++;
        this.#learn(batch);
        return;
      } catch (error) {
        this.#ahead.close();
        // A stop that came while the batch was about to commit could not give it up.
        if (this.#stop.signal.aborted) this.#ledger.giveUp('the context was stopped');
        if (givenUp.aborted) break;
        events.next({
          type: 'batchFailed',
          time: batch.time,
          attempt,
          error: asError(error),
        });
        const hopeless = error instanceof StreamjobError && !error.canRetry;
        if (onFailure === 'stop' || hopeless || attempt > maxRetries) throw this.#fatal(batch, attempt, error);
        const wait = Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS);
        const detail = {
          batch: batch.time,
          attempt,
          retryInMs: wait,
          err: error,
        };
        log.error(
          detail,
          `batch ${batch.time} failed (attempt ${attempt}), it is run again in ${wait} ms: ${errorLine(error)}`,
        );
        this.#watchBacklog();
        this.#failing = { time: batch.time, attempts: attempt };
        await sleep(clock, wait, givenUp);
      }
    }
    engine.forget(batch.time);
  }

  /** Outputs of the batch are done: that tells how long others will take. */
  #learn(batch: Batch): void {
    const endedAt = this.#settings.clock.now();
    const delays = delaysOf(batch, endedAt);
    const one = { events: batch.events, eventsByInput: eventsByInput(batch), endedAt, ...delays };
    const summed = this.#learned.add(one);
    if (summed === undefined) return;
    this.#backlog.learn(summed.events, summed.processingMs);
    this.#rates?.processed(summed);
  }

  /** @returns false: the batch was given up meanwhile @throws what kept its changes from being written */
  async #commit(batch: Batch): Promise<boolean> {
    reached('outputs-done');
    if (!this.#ledger.seal()) return false;
    try {
      await this.#settings.durability.commit(batch, this.#settings.engine);
    } catch (error) {
      this.#ledger.unseal();
      throw error;
    }
    this.#settings.durability.committed(batch);
    reached('committed');
    return this.#ledger.commit() === 'committed';
  }

  /** What a graceful stop waits for now, for people; undefined: nothing that they could change. */
  get waitsFor(): string | undefined {
    const output = this.#runningOutput;
    if (output !== undefined) {
      return `${output.id} of batch ${output.time}. If it is this output that awaits stop(), it waits for itself: call stop() there without await`;
    }
    const failing = this.#failing;
    return (
      failing &&
      `batch ${failing.time}, which has failed ${failing.attempts} times and is run again until the stop's time is over`
    );
  }

  #watchOutput({ id, kind }: Output, time: number): (failure: unknown) => void {
    const { clock, events } = this.#settings;
    this.#runningOutput = { id, time };
    const startedAt = clock.now();
    events.next({ type: 'outputOperationStarted', time, id, kind });
    return (failure) => {
      this.#runningOutput = undefined;
      const failureReason = failure === undefined ? undefined : messageOf(failure);
      const durationMs = clock.now() - startedAt;
      events.next({ type: 'outputOperationCompleted', time, id, kind, durationMs, failureReason });
    };
  }

  #fatal(batch: Batch, attempt: number, cause: unknown): StreamjobError {
    this.#ledger.giveUp('the batch failed');
    const why = cause instanceof StreamjobError ? `${cause.code}: ${cause.message}` : messageOf(cause);
    const { onFailure } = this.#settings;
    const remedies = [
      cause instanceof StreamjobError ? cause.hint : undefined,
      this.#whatBecomes(),
      onFailure === 'stop' && (!(cause instanceof StreamjobError) || cause.canRetry)
        ? 'onFailure: "retry" runs a failed batch again'
        : undefined,
    ];
    const times = attempt === 1 ? 'once' : `${attempt} times`;
    return new StreamjobError('BATCH_FAILED', `batch ${batch.time} failed ${times}: ${why}`, {
      where: cause instanceof StreamjobError && cause.where !== undefined ? cause.where : `batch ${batch.time}`,
      hint: remedies.filter((each) => each !== undefined).join('; '),
      cause,
    });
  }

  /** Of the events of a batch that failed for good. */
  #whatBecomes(): string {
    switch (this.#settings.reliability) {
      case 'end-to-end':
        return 'nothing of the batch was acknowledged: mend the cause and start again';
      case 'store-on-failure':
        return 'its events are in the write-ahead log: mend the cause and start again, and they are run again';
      case 'best-effort':
        return "mend the cause and start again; at 'best-effort' what the batch held is lost";
    }
  }

  /** The fate of a batch is sealed: its tokens go back. The next batch does not wait for the peers' answers. */
  #onFate(batch: Batch, outcome: Outcome, reason: string): void {
    const { clock, events, log } = this.#settings;
    const endedAt = clock.now();
    const outputs = this.#delivery?.summaries ?? [];
    const behind = outcome === 'committed' ? this.#complete(batch.time) : undefined;
    if (outcome === 'given-up') {
      this.#ahead.invalidate();
      if (this.#stop.signal.aborted) this.#countGivenBack(batch.events, 1);
      log.warn({ batch: batch.time, events: batch.events, reason }, `batch ${batch.time} was given up: ${reason}`);
      this.#abandoned = this.#abandon(batch);
    }
    this.#settlement.settle(batch, outcome, (acked) => {
      if (outcome === 'given-up') {
        return events.next({
          type: 'batchGivenUp',
          time: batch.time,
          events: batch.events,
          reason,
        });
      }
      const summary = { time: batch.time, events: batch.events, ...delaysOf(batch, endedAt), outputs, acked };
      events.next({ type: 'batchCompleted', batch: summary });
    });
    if (behind !== undefined) this.fail(behind);
  }

  /**
   * Tells the engine that the batch has committed. Its peers are answered whatever comes of that: the journal has the batch.
   * @returns why the engine is of no more use: the next start goes on from the journal
   */
  #complete(time: number): StreamjobError | undefined {
    try {
      this.#settings.engine.complete(time);
      return undefined;
    } catch (error) {
      return new StreamjobError(
        'ENGINE_LOST',
        `batch ${time} has committed, and its changes are lost: ${messageOf(error)}`,
        {
          where: `batch ${time}`,
          hint: this.#settings.durability.isDurable
            ? 'start again: the run goes on from the checkpoint, which has them'
            : 'give the job a checkpointDir: then the next run goes on from it',
          cause: error,
        },
      );
    }
  }

  async #abandon(batch: Batch): Promise<void> {
    const { durability, log } = this.#settings;
    try {
      await durability.givenUp(batch, this.#delivery?.begun === true);
    } catch (error) {
      // It stays in the log: after a crash it would run again, and its events would count twice, but none is lost.
      log.warn(
        { err: error, batch: batch.time },
        `the log cannot be told that the batch was given up: ${messageOf(error)}`,
      );
    }
  }

  async #nextTick(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#cutting.onDue(resolve, this.#waiting);
      this.#rests('waiting');
      if (this.#stop.signal.aborted) resolve();
    });
    this.#rest = 'none';
    this.#wake = () => {};
  }

  #watchBacklog(): void {
    const { events, log } = this.#settings;
    const state = this.#backlogState();
    const overload = this.#backlog.overload(state, this.#paused);
    this.#overrun?.cancel();
    // An output that hangs makes no event that would lead here again: the clock does.
    const overrunInMs = overload === undefined ? this.#backlog.overrunInMs(state) : Number.POSITIVE_INFINITY;
    this.#overrun =
      overrunInMs === Number.POSITIVE_INFINITY
        ? undefined
        : this.#settings.clock.after(Math.max(0, overrunInMs) + 1, () => this.#watchBacklog());
    if ((overload !== undefined) === this.#paused) return;
    this.#paused = overload !== undefined;
    if (overload !== undefined) {
      log.warn({ reason: overload }, `receivers stop reading: ${overload}`);
      events.next({ type: 'readingPaused', reason: overload });
      this.#reading.setAll('backlog', true);
    } else {
      log.info({}, 'receivers read again');
      events.next({ type: 'readingResumed' });
      this.#reading.setAll('backlog', false);
    }
  }

  #backlogState(): BacklogState {
    const batch = this.#ledger.current;
    const awaited = this.#awaited;
    const running = batch === undefined ? awaited : { events: batch.events, since: batch.startedAt };
    return {
      // What a peer takes back of an awaited batch has left the queue already.
      waitingEvents: Math.max(0, this.#queue.events - (awaited?.events ?? 0)),
      heldBytes: this.#queue.bytes + this.#admission.loggingBytes + (batch?.bytes ?? 0),
      logBytes: this.#settings.durability.logBytes,
      running: running && { events: running.events, sinceMs: this.#settings.clock.now() - running.since },
    };
  }

  /** What was received and never became a batch goes back to the peers. */
  async #abandonRest(): Promise<void> {
    await this.#admission.idle();
    if (!this.#queue.isEmpty) {
      const rest = cutBatch(this.#cutting.last, this.#queue.take(), this.#settings.clock.now());
      this.#countGivenBack(rest.events, 0);
      this.#settlement.settle(rest, 'given-up', () => {});
    }
    await this.#abandoned;
    await this.#settlement.idle();
  }

  #countGivenBack(events: number, batches: number): void {
    this.#givenBack.events += events;
    this.#givenBack.batches += batches;
  }

  /** Somebody who stops a job must learn what it leaves: it comes again, if it came from where things can be sent again. */
  #reportGivenBack(): void {
    const { events, batches } = this.#givenBack;
    if (!this.#stop.signal.aborted || (events === 0 && batches === 0)) return;
    const reason = this.#abortReason;
    const what = `${events} events, ${batches} of their batches begun, were given back uncommitted`;
    this.#settings.log.warn({ reason, events, batches }, `${reason}: ${what}`);
    this.#settings.events.next({ type: 'givenBack', reason, events, batches });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
