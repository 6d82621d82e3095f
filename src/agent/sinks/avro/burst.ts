/**
 * Pipelining to our own receiver: many batches in flight on one connection, each with a transaction of its own, so that
 * acknowledgement after a batch's commit costs no throughput. An answer OK commits its transaction; at the first failure
 * nothing more is sent, and all that was not acknowledged goes back to the channel, last taken first.
 */

import type { AvroRpcClient } from '../../../avro/client.ts';
import { decodeStatus, encodeAppendBatch } from '../../../avro/protocols/flume.ts';
import { type Clock, sleep } from '../../../core/clock.ts';
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Channel } from '../../channels/channel.ts';
import type { SinkCounters } from '../../component/counters.ts';
import { type Batch, finish, giveBack, type SinkStatus, takeBatch } from '../sink.ts';

/** What a burst works with. */
export interface BurstParts {
  readonly client: AvroRpcClient;
  readonly channel: Channel;
  readonly counters: SinkCounters;
  readonly clock: Clock;
  readonly batchSize: number;
  /** Requests in flight at most. */
  readonly maxRequests: number;
  readonly requestTimeoutMs: number;
  /** When to come to an end, e.g. to connect anew; ms of the clock. */
  readonly until: number;
}

/** Bodies in flight at most, in bytes; one batch may be larger by itself. */
const MAX_BYTES = 16 * 1024 * 1024;
/** How long answers to what is in flight are waited for after a failure, and when the sink is to stop, in ms. */
const AFTER_FAILURE_MS = 1000;
export const AFTER_STOP_MS = 5000;

interface Flight {
  readonly batch: Batch;
  readonly bytes: number;
}

/** One burst: until the channel is empty and all is acknowledged, or until something fails. */
export class Burst {
  readonly #parts: BurstParts;
  /** In the order they were taken; a set keeps it. */
  readonly #flights = new Set<Flight>();
  #bytes = 0;
  /** Flights whose answer and commit are not through yet. */
  #pending = 0;
  #failure: { readonly error: unknown } | undefined;
  #notify: () => void = () => {};
  #changed: Promise<void> = Promise.resolve();

  constructor(parts: BurstParts) {
    this.#parts = parts;
    this.#renew();
  }

  /** @throws what failed first; then everything that was not acknowledged is back in the channel */
  async run(signal: AbortSignal): Promise<SinkStatus> {
    const onAbort = (): void => this.#renew();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const sent = await this.#send(signal);
      await this.#settle(signal);
      if (this.#failure !== undefined) throw this.#failure.error;
      return sent ? 'ready' : 'backoff';
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Sends until the channel is empty with nothing in flight. @returns whether anything was sent */
  async #send(signal: AbortSignal): Promise<boolean> {
    const { channel, counters, batchSize, clock, until } = this.#parts;
    let sent = false;
    while (this.#failure === undefined && !signal.aborted && clock.now() < until) {
      if (!this.#hasRoom()) {
        await this.#changed;
        continue;
      }
      let batch: Batch | undefined;
      try {
        batch = takeBatch(channel, batchSize, counters);
      } catch (error) {
        this.#fail(error);
        break;
      }
      if (batch === undefined) {
        if (this.#flights.size === 0) break;
        await this.#changedOrAvailable();
        continue;
      }
      sent = true;
      this.#launch(batch);
    }
    return sent;
  }

  #hasRoom(): boolean {
    return this.#flights.size === 0 || (this.#flights.size < this.#parts.maxRequests && this.#bytes < MAX_BYTES);
  }

  #launch(batch: Batch): void {
    const flight = { batch, bytes: bytesOf(batch.events) };
    this.#flights.add(flight);
    this.#bytes += flight.bytes;
    this.#pending++;
    void this.#fly(flight);
  }

  async #fly(flight: Flight): Promise<void> {
    const { client, counters, requestTimeoutMs } = this.#parts;
    try {
      const params = encodeAppendBatch(flight.batch.events);
      requireOk(decodeStatus(await client.call('appendBatch', params, requestTimeoutMs)), client.remote);
      // It may have been given back while the answer was on its way.
      if (!this.#flights.has(flight)) return;
      this.#forget(flight);
      await finish(flight.batch, counters);
    } catch (error) {
      // What failed stays a flight, so that it goes back in its order with the others.
      this.#fail(error);
    } finally {
      this.#pending--;
      this.#renew();
    }
  }

  #forget(flight: Flight): void {
    this.#flights.delete(flight);
    this.#bytes -= flight.bytes;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Waits for what is in flight, for a while after a failure or a stop, and gives back the rest. */
  async #settle(signal: AbortSignal): Promise<void> {
    let deadline: Promise<void> | undefined;
    const over = new AbortController();
    let late = false;
    // After the connection closed all answers are errors, so this comes to an end too.
    while (this.#pending > 0 && !late) {
      if (deadline === undefined && (this.#failure !== undefined || signal.aborted)) {
        const grace = this.#failure === undefined ? AFTER_STOP_MS : AFTER_FAILURE_MS;
        deadline = sleep(this.#parts.clock, grace, over.signal).then(() => {
          late = true;
        });
      }
      await (deadline === undefined ? this.#changed : Promise.race([this.#changed, deadline]));
    }
    over.abort();
    for (const flight of [...this.#flights].reverse()) {
      this.#forget(flight);
      giveBack(flight.batch.transaction);
    }
  }

  async #changedOrAvailable(): Promise<void> {
    const waiting = new AbortController();
    await Promise.race([this.#changed, this.#parts.channel.available(Number.POSITIVE_INFINITY, waiting.signal)]);
    waiting.abort();
  }

  /** Tells those who wait that something changed, and makes the promise of the next change. */
  #renew(): void {
    this.#notify();
    this.#changed = new Promise((resolve) => {
      this.#notify = resolve;
    });
  }
}

/** @throws StreamjobError RPC_REJECTED unless the status is OK */
export function requireOk(status: string, peer: string): void {
  if (status === 'OK') return;
  throw new StreamjobError('RPC_REJECTED', `${peer} did not take the events: it answered ${status}`, {
    where: peer,
    hint: "see the peer's log: its channel may be full, or its job fails",
  });
}

function bytesOf(events: readonly PlainEvent[]): number {
  let bytes = 0;
  for (const { body } of events) bytes += body.length;
  return bytes;
}
