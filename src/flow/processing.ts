/**
 * One batch after the other from its turn to its fate: its stages and outputs run, again when they fail; it commits, or is given up;
 * then its tokens go back to the receivers.
 */
import { messageOf, StreamjobError } from '../core/errors.ts';
import { reached } from '../core/points.ts';
import { untilAborted } from '../core/scope.ts';
import type { BatchReport } from '../engine/engine.ts';
import type { Output } from '../graph/node.ts';
import type { RunAhead } from './ahead/run-ahead.ts';
import { type Batch, delaysOf, eventsByInput, holdsAcknowledged } from './batch/batch.ts';
import { Ledger } from './commit/ledger.ts';
import { Settlement } from './commit/settlement.ts';
import type { GivenBack } from './given-back.ts';
import type { RunningBatch } from './inspection.ts';
import { OutputRun } from './output/output-run.ts';
import type { Attachments } from './receive/attachments.ts';
import type { AckToken, GiveUpResult, Outcome } from './receive/receiver.ts';
import { Retry } from './retry.ts';
import type { FlowSettings } from './settings.ts';
import { BatchSpans } from './spans.ts';

/** What it works with beside the flow's settings. */
export interface ProcessingParts {
  readonly ahead: RunAhead;
  /** Whose deliveries are settled. */
  readonly attachments: Attachments;
  readonly givenBack: GivenBack;
  /** A batch begins, fails or is over: the backlog is another. */
  readonly onChange: () => void;
  /** The outputs of a batch are done: that tells how long others will take. */
  readonly onLearned: (batch: Batch) => void;
  /** The job cannot go on. */
  readonly onFailure: (error: Error) => void;
}

/** One batch after the other from its turn to its fate. */
export class Processing {
  readonly settlement: Settlement;
  readonly #settings: FlowSettings;
  readonly #parts: ProcessingParts;
  readonly #ledger: Ledger;
  readonly #retry: Retry;
  readonly #spans: BatchSpans;
  readonly #stop: AbortSignal;
  #outputs: OutputRun | undefined;
  #runningOutput: { readonly id: string; readonly time: number } | undefined;
  #abandoned: Promise<void> = Promise.resolve();
  #batchesWithData = 0;

  constructor(settings: FlowSettings, parts: ProcessingParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#stop = settings.halt.signal;
    this.settlement = new Settlement(parts.attachments, settings.log);
    this.#retry = new Retry(settings);
    this.#spans = new BatchSpans(settings.clock, settings.telemetry);
    this.#ledger = new Ledger((batch, outcome, reason) => this.#onFate(batch, outcome, reason));
  }

  /** The batch whose turn it is. */
  get current(): Batch | undefined {
    return this.#ledger.current;
  }

  /** How many batches that held data have committed. */
  get batchesWithData(): number {
    return this.#batchesWithData;
  }

  /** The batch whose turn it is, and what is done with it. */
  get running(): RunningBatch | undefined {
    const batch = this.current;
    if (batch === undefined) return undefined;
    const { events, oldest, startedAt, time } = batch;
    const output = this.#runningOutput?.id;
    const step = batch.state === 'sealed' ? 'commit' : output === undefined ? 'stage' : 'output';
    const attempts = this.#retry.waiting?.attempts ?? 0;
    return { time, events, startedAt, since: oldest, step, output, failedAttempts: attempts };
  }

  /** What a graceful stop waits for now, for people; undefined: nothing that they could change. */
  get waitsFor(): string | undefined {
    const output = this.#runningOutput;
    if (output !== undefined) {
      return `${output.id} of batch ${output.time}. If it is this output that awaits stop(), it waits for itself: call stop() there without await`;
    }
    const failing = this.#retry.waiting;
    return (
      failing &&
      `batch ${failing.time}, which has failed ${failing.attempts} times and is run again until the stop's time is over`
    );
  }

  /** Gives the batch up that holds a delivery, because its peer will not wait any longer. */
  giveUp(token: AckToken, reason: string): GiveUpResult {
    if (!this.#ledger.isOpen(token)) return 'unknown';
    if (this.#mustGoOn || this.#ledger.current?.state === 'sealed') return 'committing';
    return this.#ledger.giveUp(reason) ? 'batch-given-up' : 'unknown';
  }

  /** Gives the current batch up, unless it is about to commit. */
  stop(): void {
    this.#ledger.giveUp('the context was stopped');
  }

  /** Resolves when everything that is over has been settled, and the log knows of what was given up. */
  async idle(): Promise<void> {
    await this.#abandoned;
    await this.settlement.idle();
  }

  /** Runs a batch to its fate. @throws StreamjobError BATCH_FAILED when it failed and the policy is to stop */
  async run(batch: Batch): Promise<void> {
    const { events, graph, write, job, log, parallelism } = this.#settings;
    const surroundings = { log, parallelism, stop: this.#stop, write };
    const outputs = new OutputRun({ job, time: batch.time, batch: batch.id }, graph.outputs, surroundings);
    this.#outputs = outputs;
    this.#ledger.begin(batch);
    const { time } = batch;
    events.next({ type: 'batchSubmitted', time, events: batch.events, eventsByInput: eventsByInput(batch) });
    this.#parts.onChange();
    events.next({ type: 'batchStarted', time, events: batch.events });
    // While it was read from disk there was no batch that the stop could give up.
    if (this.#stop.aborted) this.stop();
    try {
      await this.#attempts(batch, outputs);
    } finally {
      this.#parts.ahead.close();
      this.#ledger.end();
      this.#outputs = undefined;
      this.#retry.end();
      this.#spans.end(batch);
    }
    this.#parts.onChange();
  }

  /**
   * Whether the batch that runs can only end by its commit: it holds what nobody sends again, as a run at another level has acknowledged
   * it; an output of it has committed; or one was called, and the batch is in the log, so that its outputs may take it in exactly once.
   * Its effect may be there soon, or be there already: were the events to come again in another batch, they would count twice.
   */
  get #mustGoOn(): boolean {
    const outputs = this.#outputs;
    const batch = this.current;
    if (batch !== undefined && holdsAcknowledged(batch)) return true;
    return outputs?.committed === true || (outputs?.begun === true && this.#settings.durability.isLogged(outputs.time));
  }

  async #attempts(batch: Batch, outputs: OutputRun): Promise<void> {
    for (let attempt = 1; !batch.givenUp.aborted; attempt++) {
      try {
        if (await this.#attempt(batch, outputs, attempt)) return;
        break;
      } catch (error) {
        this.#parts.ahead.close();
        // A stop that came while the batch was about to commit could not give it up.
        if (this.#stop.aborted) this.stop();
        if (batch.givenUp.aborted) break;
        this.#settings.events.next({ type: 'batchFailed', time: batch.time, attempt, error: asError(error) });
        if (!this.#retry.allows(attempt, error)) {
          this.#ledger.giveUp('the batch failed');
          throw this.#retry.fatal(batch, attempt, error);
        }
        this.#parts.onChange();
        await this.#retry.pause(batch, attempt, error);
      }
    }
    await this.#settings.engine.forget(batch.time);
  }

  /** @returns whether the batch has committed; false: it was given up meanwhile */
  async #attempt(batch: Batch, outputs: OutputRun, attempt: number): Promise<boolean> {
    const { clock, deadLetters, durability, engine } = this.#settings;
    await durability.logCut(batch);
    if (batch.givenUp.aborted) {
      // It was given up while it was being logged: the log is told only now, since it had nothing to take back then.
      this.#abandoned = this.#abandon(batch);
      this.#parts.onLearned(batch);
      return false;
    }
    reached('cut');
    const stagesBegan = clock.now();
    const stages = (): Promise<BatchReport> => engine.run(batch, attempt);
    if (engine.overlaps === true && attempt === 1) this.#parts.ahead.openWithStages();
    const report = await (deadLetters?.during(batch.time, stages) ?? stages());
    this.#spans.stages(batch, report);
    if (!batch.givenUp.aborted) this.#parts.ahead.open(clock.now() - stagesBegan);
    const done = outputs.run(
      ({ node }) => engine.read(node, batch.time),
      () => !batch.givenUp.aborted,
      (output) => this.#watchOutput(output, batch),
    );
    // A stop does not wait for an output that hangs; a batch that is given up for another reason does: its output must
    // not run beside that of the next batch.
    await untilAborted(done, this.#stop);
    // One that was given up took its time all the same: else a job that is too slow from its first batch on would read as
    // much again, and give that up too.
    if (batch.givenUp.aborted) {
      this.#parts.onLearned(batch);
      return false;
    }
    await deadLetters?.write();
    if (!(await this.#commit(batch, report))) return false;
    if (batch.events > 0) this.#batchesWithData++;
    this.#parts.onLearned(batch);
    return true;
  }

  /** @returns false: the batch was given up meanwhile @throws what kept its changes from being written */
  async #commit(batch: Batch, report: BatchReport): Promise<boolean> {
    const { clock, durability, engine } = this.#settings;
    reached('outputs-done');
    // What it changed is about to be written: from here on it cannot be given up, or the checkpoint would hold what never was.
    if (!batch.become('sealed')) return false;
    const began = clock.now();
    try {
      await durability.commit(batch, report, engine);
    } catch (error) {
      batch.become('running');
      throw error;
    }
    durability.committed(batch);
    this.#settings.record?.(batch.time, batch.blocks);
    this.#spans.commit(batch, began);
    reached('committed');
    const lost = await this.#complete(batch.time);
    this.#ledger.commit();
    if (lost !== undefined) this.#parts.onFailure(lost);
    return true;
  }

  #watchOutput({ id, kind }: Output, batch: Batch): (failure: unknown) => void {
    const { clock, events } = this.#settings;
    const { time } = batch;
    this.#runningOutput = { id, time };
    const startedAt = clock.now();
    events.next({ type: 'outputOperationStarted', time, id, kind });
    return (failure) => {
      this.#runningOutput = undefined;
      const failureReason = failure === undefined ? undefined : messageOf(failure);
      const durationMs = clock.now() - startedAt;
      this.#spans.output(batch, { id, kind, startedAt, durationMs, failureReason });
      events.next({ type: 'outputOperationCompleted', time, id, kind, durationMs, failureReason });
    };
  }

  /** The fate of a batch is sealed: its tokens go back. The next batch does not wait for the peers' answers. */
  #onFate(batch: Batch, outcome: Outcome, reason: string): void {
    const { clock, events, log } = this.#settings;
    const { time } = batch;
    const endedAt = clock.now();
    const outputs = this.#outputs?.summaries ?? [];
    if (outcome === 'given-up') {
      this.#parts.ahead.invalidate();
      if (this.#stop.aborted) this.#parts.givenBack.count(batch.events, 1);
      log.warn({ batch: time, events: batch.events, reason }, `batch ${time} was given up: ${reason}`);
      this.#abandoned = this.#abandon(batch);
    }
    this.settlement.settle(batch, outcome, (acked) => {
      if (outcome === 'given-up') {
        events.next({ type: 'batchGivenUp', time, events: batch.events, reason });
        return;
      }
      const summary = { time, events: batch.events, ...delaysOf(batch, endedAt), outputs, acked };
      events.next({ type: 'batchCompleted', batch: summary });
    });
  }

  /**
   * Tells the engine that the batch has committed. Its peers are answered whatever comes of that: the journal has the batch.
   * @returns why the engine is of no more use: the next start goes on from the journal
   */
  async #complete(time: number): Promise<StreamjobError | undefined> {
    const { durability, engine } = this.#settings;
    try {
      await engine.complete(time);
      return undefined;
    } catch (error) {
      const message = `batch ${time} has committed, and its changes are lost: ${messageOf(error)}`;
      return new StreamjobError('ENGINE_LOST', message, {
        where: `batch ${time}`,
        hint:
          durability.recovery === undefined
            ? 'give the job a checkpointDir: then the next run goes on from it'
            : 'start again: the run goes on from the checkpoint, which has them',
        cause: error,
      });
    }
  }

  async #abandon(batch: Batch): Promise<void> {
    const { durability, log } = this.#settings;
    try {
      await durability.givenUp(batch, this.#outputs?.begun === true);
    } catch (error) {
      // It stays in the log: after a crash it would run again, and its events would count twice, but none is lost.
      log.warn(
        { err: error, batch: batch.time },
        `the log cannot be told that the batch was given up: ${messageOf(error)}`,
      );
    }
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}
