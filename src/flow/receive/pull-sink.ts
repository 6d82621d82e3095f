/**
 * One Spark sink that is polled. Batches are fetched on one connection and acknowledged on another: a sink's sequence
 * numbers are its own, not a connection's, and an acknowledgement behind a poll would wait until events come. So several
 * batches may be open at once, each holding one of the sink's transaction threads.
 */
import type { EventLimits } from '../../avro/event-check.ts';
import {
  checkedEventBatch,
  encodeGetEventBatch,
  encodeSequence,
  type IncomingBatch,
} from '../../avro/protocols/spark-sink.ts';
import { type Clock, sleep, systemClock, type Timer } from '../../core/clock.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { SINK_CALL_TIMEOUT_MS, type SinkAddress, SinkConnection } from './sink-connection.ts';

/** What a poller needs. */
export interface PullSinkSettings {
  readonly address: SinkAddress;
  readonly maxBatchSize: number;
  /** Batches open at once. */
  readonly parallelism: number;
  readonly sinkTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly limits: EventLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes a batch with events; it stays open until `ack` or `nack`. */
  readonly onBatch: (batch: IncomingBatch, bytes: number) => void;
}

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 5000;
/** So many failures before the first connection, over a second of them, are told quietly. */
const QUIET_FAILURES = 3;
/** How long acknowledgements are tried again once the receiver stops, in ms. */
const LAST_ACKS_MS = 10_000;
/** How long acknowledgements may take, all together, once the receiver stops at once, in ms. */
const LAST_WORDS_MS = 500;
/**
 * After so long a wait for a poll's answer the sink is asked for a sign of life, on another connection, in ms. The poll itself
 * is not given up while it lives: a real sink would hold the next events for a poller that is gone.
 */
const POLL_CHECK_MS = 60_000;
/** The transaction threads of a sink, by default. Each error batch costs it one of them for its timeout. */
const SINK_THREADS = 10;

/** One Spark sink that is polled. */
export class PullSink {
  readonly #settings: PullSinkSettings;
  readonly #fetching: SinkConnection;
  readonly #acking: SinkConnection;
  readonly #stop = new AbortController();
  readonly #abandoned = new AbortController();
  /** No acknowledgement is tried again after this time. */
  #settleUntil = Number.POSITIVE_INFINITY;
  #maxBatchSize: number;
  #atMost: () => number = () => Number.POSITIVE_INFINITY;
  #open = 0;
  /** Batches without events that came one after the other. */
  #empty = 0;
  #reading = true;
  #everConnected = false;
  #wake: () => void = () => {};
  #lastWords: Timer | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(settings: PullSinkSettings) {
    this.#settings = settings;
    this.#maxBatchSize = settings.maxBatchSize;
    this.#fetching = new SinkConnection(settings.address, settings.clock, settings.maxFrameBytes);
    this.#acking = new SinkConnection(settings.address, settings.clock);
  }

  /** Begins to poll, and goes on for ever; a sink that is away is tried again and again. */
  start(): void {
    this.#loop = this.#poll();
  }

  /** No poll asks for more than `events()` gives at its time, beside maxBatchSize. */
  askAtMost(events: () => number): void {
    this.#atMost = events;
  }

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    this.#reading = true;
    this.#wake();
  }

  /**
   * Tells the sink what became of a batch; tries again on a new connection while the sink still holds the batch, but not
   * for long once the receiver stops: a sink that hears nothing delivers the batch again, so nothing is lost by it.
   * @param since when the batch came, in ms since the epoch
   * @returns whether the sink heard it in time
   */
  async settle(message: 'ack' | 'nack', sequenceNumber: string, since: number): Promise<boolean> {
    const { clock, log, sinkTimeoutMs } = this.#settings;
    try {
      for (let failures = 0; ; failures++) {
        try {
          await this.#acking.call(message, encodeSequence(sequenceNumber), SINK_CALL_TIMEOUT_MS);
          return clock.now() <= since + sinkTimeoutMs;
        } catch (error) {
          const detail = { sink: this.name, sequenceNumber, err: error };
          log[failures === 0 ? 'warn' : 'debug'](detail, `${message} of ${sequenceNumber} failed: ${messageOf(error)}`);
          // It had its time: behind it, every other acknowledgement would wait as long again.
          if (this.#stop.signal.aborted && isTimeout(error)) this.abandon();
          if (clock.now() >= Math.min(since + sinkTimeoutMs, this.#settleUntil) || this.#acking.isClosed) return false;
          await sleep(clock, backoffMs(failures), this.#abandoned.signal);
        }
      }
    } finally {
      this.#open--;
      this.#wake();
    }
  }

  /** The receiver stops at once: nothing is tried again, and what the sink has not heard after a moment it will not hear. */
  abandon(): void {
    if (this.#abandoned.signal.aborted) return;
    this.#settleUntil = 0;
    this.#abandoned.abort();
    this.#lastWords = systemClock.after(LAST_WORDS_MS, () => void this.#acking.close());
  }

  /** Fetches nothing more. */
  async stopFetching(): Promise<void> {
    if (!this.#stop.signal.aborted)
      this.#settleUntil = Math.min(this.#settleUntil, this.#settings.clock.now() + LAST_ACKS_MS);
    this.#stop.abort();
    this.#wake();
    await this.#fetching.close();
    await this.#loop;
  }

  async close(): Promise<void> {
    await this.stopFetching();
    this.#lastWords?.cancel();
    await this.#acking.close();
  }

  /** Its address. */
  get name(): string {
    return `${this.#settings.address.host}:${this.#settings.address.port}`;
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#settings;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      if (!this.#reading || this.#open >= this.#settings.parallelism) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      try {
        await this.#fetch();
        this.#everConnected = true;
        if (failures > 0) log.info({ sink: this.name }, `Spark sink ${this.name} answers again`);
        failures = 0;
        if (this.#empty > 0) await sleep(clock, backoffMs(this.#empty - 1), this.#stop.signal);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const wait = this.#waitAfter(error, failures++);
        // An agent in the same process starts after its receiver: that it is not there at first is no reason to worry.
        const level = this.#everConnected || failures > QUIET_FAILURES ? 'warn' : 'info';
        const detail = { sink: this.name, retryInMs: wait, err: error };
        log[level](detail, `polling ${this.name} failed: ${messageOf(error)}`);
        await sleep(clock, wait, this.#stop.signal);
      }
    }
  }

  async #fetch(): Promise<void> {
    const params = encodeGetEventBatch(Math.min(this.#maxBatchSize, this.#atMost()));
    const bytes = await this.#answerOf(params);
    const batch = await checkedEventBatch(bytes, this.#settings.limits);
    // An error batch has no transaction that an answer could end: it is neither acknowledged nor refused.
    if (batch.errorMsg !== '') throw this.#sinkError(batch.errorMsg);
    this.#open++;
    this.#empty = batch.events.count > 0 ? 0 : this.#empty + 1;
    if (batch.events.count > 0 && !this.#stop.signal.aborted) return this.#settings.onBatch(batch, bytes.length);
    const message = batch.events.count === 0 ? 'ack' : 'nack';
    void this.settle(message, batch.sequenceNumber, this.#settings.clock.now());
  }

  async #answerOf(poll: Buffer): Promise<Buffer> {
    const over = new AbortController();
    void this.#watchPoll(over.signal);
    try {
      return await this.#fetching.call('getEventBatch', poll, 0);
    } finally {
      over.abort();
    }
  }

  /** Ends a poll of a sink that shows no sign of life. That its machine is gone is found by the connection itself. */
  async #watchPoll(over: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#settings.clock, POLL_CHECK_MS, over);
      if (over.aborted) return;
      const alive = await this.#fetching.isAlive();
      if (over.aborted) return;
      if (!alive) {
        const what = `${this.name} has not answered a poll for a minute, and does not answer a handshake either`;
        const hint = 'see whether the process of the agent is alive, and whether a firewall lies between';
        return this.#fetching.reset(new StreamjobError('REQUEST_TIMEOUT', what, { where: this.name, hint }));
      }
    }
  }

  #sinkError(errorMsg: string): StreamjobError {
    const capacity = Number(/capacity (\d+) full/.exec(errorMsg)?.[1] ?? Number.NaN);
    if (capacity > 0 && capacity < this.#maxBatchSize) {
      this.#maxBatchSize = capacity;
      return new StreamjobError('RPC_ERROR', `the sink's channel cannot give so many events at once: ${errorMsg}`, {
        where: this.name,
        hint: `from now on ${capacity} are asked for; set transactionCapacity of the channel to maxBatchSize or more`,
      });
    }
    return new StreamjobError('RPC_ERROR', `the sink answered with an error: ${errorMsg}`, { where: this.name });
  }

  #waitAfter(error: unknown, failures: number): number {
    const code = error instanceof StreamjobError ? error.code : undefined;
    if (code === 'FRAME_TOO_LARGE') {
      this.#maxBatchSize = Math.max(1, Math.floor(this.#maxBatchSize / 2));
    }
    const backoff = backoffMs(failures);
    // Each error batch blocks one of the sink's threads for its timeout: the first may be followed at once, more may not.
    if (code === 'RPC_ERROR' && failures > 0) return Math.max(backoff, this.#settings.sinkTimeoutMs / SINK_THREADS);
    return backoff;
  }
}

function backoffMs(failures: number): number {
  return Math.min(FIRST_BACKOFF_MS * 2 ** failures, LONGEST_BACKOFF_MS);
}

function isTimeout(error: unknown): boolean {
  return error instanceof StreamjobError && error.code === 'REQUEST_TIMEOUT';
}
