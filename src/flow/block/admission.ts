/**
 * What is done with a delivery before it may become part of a batch, by the job's level: nothing (end-to-end: its peer waits for
 * the commit), the log, then the acknowledgement (store-on-failure), or the acknowledgement at once (best-effort).
 */
import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { reached } from '../../core/points.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { Held } from '../receive/on-the-way.ts';
import type { Arrival, Outcome } from '../receive/receiver.ts';
import type { BlockRef } from './block-log.ts';
import { type BlockQueue, onlyCounted } from './block-queue.ts';
import { broughtOf } from './stored-block.ts';
import { valuesToBlock } from './value-block.ts';

/** What an admission needs. */
export interface AdmissionSettings {
  readonly level: Reliability;
  readonly queue: BlockQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly inputName: (input: number) => string;
  /** Whether the input has a position that is stored with each batch. */
  readonly readsByItself: (input: number) => boolean;
  /** Writes a block to the log; undefined: there is none. */
  readonly logBlock: ((input: string, block: EventBlock, values: boolean) => Promise<BlockRef>) | undefined;
  /** Tells the peer. @returns how many events it was told of */
  readonly settle: (arrival: Arrival, outcome: Outcome) => Promise<number>;
  /** Received data in memory above which what is logged is kept on disk only, in bytes. */
  readonly spillBytes: number;
  /** Something was admitted, or is not in the log any more: the backlog is another. */
  readonly onChange: () => void;
  /** Aborts when the flow ends. */
  readonly signal: AbortSignal;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/** What is done with a delivery before it may become part of a batch, by the job's level. */
export class Admission {
  readonly #settings: AdmissionSettings;
  #failures = 0;
  #loggingBytes = 0;
  /** In the order in which they came. */
  readonly #logging = new Set<Arrival>();
  #onIdle: (() => void)[] = [];

  constructor(settings: AdmissionSettings) {
    this.#settings = settings;
  }

  /** Bytes that are on their way to the log. */
  get loggingBytes(): number {
    return this.#loggingBytes;
  }

  /** Whether deliveries are on their way to the log. */
  get isLogging(): boolean {
    return this.#logging.size > 0;
  }

  /** What is on its way to the log. */
  get logging(): Held {
    let events = 0;
    for (const arrival of this.#logging) events += arrival.events.count;
    const [oldest] = this.#logging;
    return { events, since: oldest?.receivedAt };
  }

  /** Takes a delivery. */
  offer(arrival: Arrival): void {
    const { level, queue, onChange, settle } = this.#settings;
    reached('received');
    // What reads by itself goes back to where the last commit was: it needs no log.
    const asks = arrival.events.count > 0 && !this.#settings.readsByItself(arrival.token.input);
    if (level === 'end-to-end' || !asks) queue.add(arrival);
    // Where another host has it, the host removes it when it is told that it is acknowledged: it is brought here before that.
    else if (level === 'store-on-failure' || arrival.events instanceof StoredEvents) void this.#keep(arrival);
    else {
      queue.add({ ...arrival, acked: arrival.events.count });
      void settle(arrival, 'committed');
    }
    onChange();
  }

  /** Resolves when nothing is on its way to the log. */
  async idle(): Promise<void> {
    if (this.isLogging) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Logs it, where the level asks for that; what lies elsewhere is in memory then. Its peer is told afterwards. */
  async #keep(arrival: Arrival): Promise<void> {
    const { clock, inputName, log, logBlock, queue, settle, signal, spillBytes, onChange } = this.#settings;
    const input = inputName(arrival.token.input);
    this.#logging.add(arrival);
    this.#loggingBytes += arrival.bytes;
    const values = !(arrival.events instanceof EventBlock || arrival.events instanceof StoredEvents);
    try {
      const events = (await broughtOf([arrival.events]))(arrival.events);
      const block = events instanceof EventBlock ? events : valuesToBlock(events, input);
      const ref = await logBlock?.(input, block, values);
      if (ref !== undefined) reached('logged');
      if (this.#failures > 0) log.info({}, 'received events can be kept again');
      this.#failures = 0;
      const acked = arrival.events.count;
      // The job is behind: what lies in the log need not lie in memory too.
      const onDisk = ref !== undefined && queue.bytes + arrival.bytes > spillBytes;
      const bytes = Math.max(arrival.bytes, ref?.length ?? 0);
      const admitted = { ...arrival, events, bytes, acked, ...(ref === undefined ? {} : { ref }) };
      queue.add(onDisk ? { ...admitted, onDisk, events: onlyCounted(acked, values) } : admitted);
      void settle(arrival, 'committed');
    } catch (error) {
      const wait = Math.min(FIRST_WAIT_MS * 2 ** this.#failures++, LONGEST_WAIT_MS);
      const message = `received events cannot be kept, they are not acknowledged and come again: ${messageOf(error)}`;
      log.error({ err: error, events: arrival.events.count, answeredInMs: wait }, message);
      // The answer is late on purpose: a peer that is told no at once would send it again at once.
      await sleep(clock, wait, signal);
      await settle(arrival, 'given-up');
    } finally {
      this.#logging.delete(arrival);
      this.#loggingBytes -= arrival.bytes;
      onChange();
      if (!this.isLogging) for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }
}
