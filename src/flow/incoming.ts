/**
 * What comes in, before it is in a batch: a delivery that a receiver offers is admitted by the job's level and waits in the block
 * queue; while it waits there its receiver may take it back.
 */
import { Admission } from './block/admission.ts';
import type { BlockQueue } from './block/block-queue.ts';
import type { Deliveries } from './receive/attachments.ts';
import type { Held } from './receive/on-the-way.ts';
import type { AckToken, Arrival, GiveUpResult, Outcome } from './receive/receiver.ts';
import { type Traffic, trafficOf } from './receive/traffic.ts';
import type { FlowSettings } from './settings.ts';

/** Above this part of the memory for received data, what is in the log is kept there only. */
const SPILL_FRACTION = 0.5;

/** What it works with beside the flow's settings. */
export interface IncomingParts {
  readonly queue: BlockQueue;
  /** Settles one delivery whose peer need not wait for a batch. @returns how many events were acknowledged */
  readonly settle: (token: AckToken, outcome: Outcome) => Promise<number>;
  /** Gives the batch up that holds a delivery. */
  readonly giveUp: (token: AckToken, reason: string) => GiveUpResult;
  /** A delivery has come: called once for each. */
  readonly onReceived: (input: number, events: number) => void;
  /** Something was admitted, or is not on its way to the log any more. */
  readonly onAdmitted: () => void;
  /** A delivery that waited was taken back. */
  readonly onWithdrawn: () => void;
  /** The job cannot go on. */
  readonly onFailure: (error: Error) => void;
}

/** What comes in, before it is in a batch. */
export class Incoming implements Deliveries {
  readonly #settings: FlowSettings;
  readonly #parts: IncomingParts;
  readonly #admission: Admission;
  readonly #traffic: ReadonlyMap<number, Traffic>;

  constructor(settings: FlowSettings, parts: IncomingParts) {
    this.#settings = settings;
    this.#parts = parts;
    const { clock, durability, halt, inputNames, inputs, log, maxBacklogBytes, reliability } = settings;
    this.#traffic = new Map(inputs.map(({ id, name }) => [id, trafficOf(settings.telemetry, id, name)]));
    const reading = new Set(inputs.filter(({ position }) => position !== undefined).map(({ id }) => id));
    this.#admission = new Admission({
      level: reliability,
      queue: parts.queue,
      clock,
      log,
      inputName: (input) => inputNames.get(input) ?? `input-${input}`,
      readsByItself: (input) => reading.has(input),
      logBlock: durability.logBlock,
      settle: ({ token }, outcome) => parts.settle(token, outcome),
      spillBytes: maxBacklogBytes * SPILL_FRACTION,
      onChange: parts.onAdmitted,
      signal: halt.signal,
    });
  }

  /** Whether something is on its way to the log. */
  get isLogging(): boolean {
    return this.#admission.isLogging;
  }

  /** Bytes that are on their way to the log. */
  get loggingBytes(): number {
    return this.#admission.loggingBytes;
  }

  /** What is on its way to the log. */
  get logging(): Held {
    return this.#admission.logging;
  }

  /** Resolves when nothing is on its way to the log. */
  idle(): Promise<void> {
    return this.#admission.idle();
  }

  offer(arrival: Arrival): void {
    this.#admission.offer({ ...arrival, receivedAt: this.#settings.clock.now() });
    const { input } = arrival.token;
    const { count } = arrival.events;
    this.#traffic.get(input)?.received(count, arrival.bytes);
    this.#parts.onReceived(input, count);
  }

  withdraw(token: AckToken): boolean {
    const removed = this.#parts.queue.remove(token) !== undefined;
    if (removed) this.#parts.onWithdrawn();
    return removed;
  }

  withdrawEpoch(epoch: number): readonly AckToken[] {
    const removed = this.#parts.queue.removeEpoch(epoch);
    if (removed.length > 0) this.#parts.onWithdrawn();
    return removed;
  }

  giveUp(token: AckToken, reason: string): GiveUpResult {
    return this.withdraw(token) ? 'withdrawn' : this.#parts.giveUp(token, reason);
  }

  reportError(input: number, name: string, message: string): void {
    this.#settings.events.next({ type: 'receiverError', receiver: input, name, message });
  }

  fail(error: Error): void {
    this.#parts.onFailure(error);
  }
}
