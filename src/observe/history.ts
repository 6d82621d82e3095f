/**
 * The history of a job's batches: the last ones in full, made of what the job tells (events and spans). It costs a few objects for each
 * batch, and nothing for each event.
 */
import type { Subscription } from 'rxjs';
import type { Clock } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { StreamEvent } from '../core/events.ts';
import type { Span } from '../core/telemetry.ts';
import type { BatchRecord, FailureOfBatch } from './batch-record.ts';
import { outputEnded, sumsOf, withOutput } from './history-changes.ts';
import type { Observed } from './observed.ts';

/** Spark's spark.streaming.ui.retainedBatches. */
export const RETAINED_BATCHES = 1000;

/** Stages, tasks and outputs that are kept in all, some 200 bytes each; of older batches their sums are. */
const MOST_SPANS = 100_000;
/** Attempts of a batch that are kept, the last ones: one that never succeeds is tried for ever. */
const MOST_FAILURES = 100;

/** What has happened since the start, of all batches. */
export interface Totals {
  readonly batches: number;
  readonly receivedEvents: number;
  readonly processedEvents: number;
  readonly acknowledgedEvents: number;
  readonly givenUpBatches: number;
  readonly failedAttempts: number;
  readonly skippedValues: number;
}

/** What failed, for counting: a batch's attempt or a receiver. */
export interface CountedErrors {
  readonly of: 'batch' | 'receiver';
  /** That of the error; OTHER: it has none of ours. */
  readonly code: string;
  readonly errors: number;
}

/** Keeps batches. */
export class History {
  readonly #clock: Clock;
  readonly #retained: number;
  readonly #mostSpans: number;
  readonly #shown: (message: string) => string;
  /** How many spans are kept one by one of each batch that has such, by its time, oldest first; and how many those are in all. */
  readonly #detailed = new Map<number, number>();
  #spans = 0;
  /** By time, in the order in which they came. Those that are over are dropped, oldest first, when there are too many. */
  readonly #batches = new Map<number, BatchRecord>();
  readonly #subscription: Subscription;
  readonly #endSpans: () => void;
  readonly #listeners = new Set<(record: BatchRecord) => void>();
  #startedAt: number | undefined;
  #deadLetterFile: string | undefined;
  readonly #errors = new Map<string, CountedErrors>();
  #totals: { -readonly [K in keyof Totals]: Totals[K] } = {
    batches: 0,
    receivedEvents: 0,
    processedEvents: 0,
    acknowledgedEvents: 0,
    givenUpBatches: 0,
    failedAttempts: 0,
    skippedValues: 0,
  };

  /**
   * @param retained how many batches that are over are kept
   * @param mostSpans how many spans of them are kept one by one
   * @param shown what is kept of messages of errors
   */
  constructor(
    { clock, events$, telemetry }: Pick<Observed, 'clock' | 'events$' | 'telemetry'>,
    retained: number = RETAINED_BATCHES,
    mostSpans: number = MOST_SPANS,
    shown: (message: string) => string = (message) => message,
  ) {
    this.#clock = clock;
    this.#retained = retained;
    this.#mostSpans = mostSpans;
    this.#shown = shown;
    this.#subscription = events$.subscribe((event) => this.#take(event));
    this.#endSpans = telemetry.onSpan((span) => this.#takeSpan(span));
  }

  /** Batches of former runs, oldest first: they stand before those of this run, and are in no total. */
  addFormer(records: readonly BatchRecord[]): void {
    const own = [...this.#batches];
    this.#batches.clear();
    for (const record of records) this.#batches.set(record.time, record);
    for (const [time, record] of own) {
      // A batch of the last run may be run again.
      this.#batches.delete(time);
      this.#batches.set(time, record);
    }
  }

  /** Those that are over. */
  get over(): readonly BatchRecord[] {
    return this.batches.filter(({ status }) => status === 'COMPLETED');
  }

  /** Those of this run that have ended since then, oldest first. @param since in ms since the epoch */
  overSince(since: number): readonly BatchRecord[] {
    const found: BatchRecord[] = [];
    for (const record of this.batches.toReversed()) {
      if (record.status !== 'COMPLETED') continue;
      if ((record.endedAt ?? record.time) < since) break;
      found.push(record);
    }
    return found.reverse();
  }

  /** When the job started, in ms since the epoch; undefined: it has not. */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** The file that values went to which functions threw on; undefined: none has in this run. */
  get deadLetterFile(): string | undefined {
    return this.#deadLetterFile;
  }

  /** Errors since the start. */
  get errors(): readonly CountedErrors[] {
    return [...this.#errors.values()];
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** Oldest first. */
  get batches(): readonly BatchRecord[] {
    return [...this.#batches.values()];
  }

  /** The batch of a time; undefined: there is none, or it is forgotten. */
  batch(time: number): BatchRecord | undefined {
    return this.#batches.get(time);
  }

  /** Called whenever a batch is over and its peers have been told. @returns ends it */
  onOver(listener: (record: BatchRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#subscription.unsubscribe();
    this.#endSpans();
    this.#listeners.clear();
  }

  #take(event: StreamEvent): void {
    switch (event.type) {
      case 'streamingStarted':
        this.#startedAt = event.time;
        return;
      case 'batchSubmitted':
        return this.#submitted(event);
      case 'batchStarted':
        return this.#change(event.time, () => ({ status: 'PROCESSING', startedAt: this.#clock.now() }));
      case 'outputOperationStarted':
        return this.#change(event.time, (batch) => {
          const { id, kind } = event;
          return withOutput(batch, {
            id,
            kind,
            startedAt: this.#clock.now(),
            endedAt: undefined,
            failureReason: undefined,
          });
        });
      case 'outputOperationCompleted':
        return this.#change(event.time, (batch) => {
          const { failureReason: reason } = event;
          const failureReason = reason && this.#shown(reason);
          return outputEnded(batch, { ...event, failureReason }, this.#clock.now());
        });
      case 'batchFailed':
        this.#totals.failedAttempts++;
        this.#count('batch', event.error);
        return this.#change(event.time, ({ failures }) => ({
          failures: [...failures.slice(1 - MOST_FAILURES), this.#failureOf(event.attempt, event.error)],
        }));
      case 'receiverError':
        return this.#count('receiver', undefined);
      case 'batchGivenUp':
        this.#totals.givenUpBatches++;
        this.#change(event.time, ({ endedAt = this.#clock.now() }) => ({
          status: 'COMPLETED',
          givenUp: event.reason,
          endedAt,
          acknowledged: 0,
          acknowledgedAt: this.#clock.now(),
        }));
        return this.#over(event.time);
      case 'valuesSkipped':
        this.#totals.skippedValues += event.values;
        this.#deadLetterFile = event.file;
        return;
      case 'batchCompleted': {
        const { acked, processingMs, schedulingDelayMs, time, events } = event.batch;
        const endedAt = time + schedulingDelayMs + processingMs;
        this.#totals.batches++;
        this.#totals.processedEvents += events;
        this.#totals.acknowledgedEvents += acked;
        const startedAt = time + schedulingDelayMs;
        const acknowledgedAt = this.#clock.now();
        this.#change(time, () => ({ status: 'COMPLETED', startedAt, endedAt, acknowledged: acked, acknowledgedAt }));
        return this.#over(time);
      }
    }
  }

  #submitted({ events, eventsByInput, time }: Extract<StreamEvent, { type: 'batchSubmitted' }>): void {
    this.#totals.receivedEvents += events;
    this.#batches.set(time, {
      time,
      submittedAt: this.#clock.now(),
      startedAt: undefined,
      endedAt: undefined,
      status: 'QUEUED',
      events,
      inputs: [...eventsByInput].map(([id, count]) => ({ id, events: count })),
      outputs: [],
      failures: [],
      givenUp: undefined,
      acknowledged: undefined,
      acknowledgedAt: undefined,
      spans: [],
    });
  }

  #count(of: CountedErrors['of'], error: unknown): void {
    const code = error instanceof StreamjobError ? error.code : 'OTHER';
    const { errors = 0 } = this.#errors.get(`${of} ${code}`) ?? {};
    this.#errors.set(`${of} ${code}`, { of, code, errors: errors + 1 });
  }

  #failureOf(attempt: number, error: Error): FailureOfBatch {
    const known = error instanceof StreamjobError ? error : undefined;
    return {
      attempt,
      time: this.#clock.now(),
      code: known?.code,
      message: this.#shown(messageOf(error)),
      where: known?.where,
      hint: known?.hint && this.#shown(known.hint),
    };
  }

  /** What took time in a batch is told when it has ended; its peers may not have been told by then. */
  #takeSpan({ labels, name, parts }: Span): void {
    if (name !== 'batch') return;
    const time = Number(labels['time']);
    this.#forgetSpans(time);
    const count = parts.reduce((sum, part) => sum + 1 + part.parts.length, 0);
    const shown = parts.map((part) => (part.error === undefined ? part : { ...part, error: this.#shown(part.error) }));
    this.#change(time, () => ({ spans: shown }));
    this.#detailed.set(time, count);
    this.#spans += count;
    for (const oldest of this.#detailed.keys()) {
      if (this.#spans <= this.#mostSpans || this.#detailed.size === 1) return;
      this.#forgetSpans(oldest);
      this.#change(oldest, ({ spans }) => ({ spans: sumsOf(spans) }));
    }
  }

  #forgetSpans(time: number): void {
    this.#spans -= this.#detailed.get(time) ?? 0;
    this.#detailed.delete(time);
  }

  #change(time: number, change: (batch: BatchRecord) => Partial<BatchRecord>): void {
    const batch = this.#batches.get(time);
    if (batch !== undefined) this.#batches.set(time, { ...batch, ...change(batch) });
  }

  #over(time: number): void {
    const record = this.#batches.get(time);
    if (record !== undefined) for (const listener of this.#listeners) listener(record);
    if (this.#batches.size <= this.#retained) return;
    for (const [oldest, { status }] of this.#batches) {
      if (this.#batches.size <= this.#retained) return;
      if (status !== 'COMPLETED') continue;
      this.#batches.delete(oldest);
      this.#forgetSpans(oldest);
    }
  }
}
