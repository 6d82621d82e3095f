/** What a sink is: it takes events out of a channel and delivers them. A runner calls `process` again and again. */
import type { Clock } from '../../core/clock.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Files } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import { reached } from '../../core/points.ts';
import type { Channel, Transaction } from '../channels/channel.ts';
import type { ComponentType } from '../component/component-type.ts';
import type { SinkCounters } from '../component/counters.ts';

/** `ready`: there may be more at once; `backoff`: the channel was empty. */
export type SinkStatus = 'ready' | 'backoff';

/** A sink. */
export interface Sink {
  /**
   * Begins; called once, before `process`.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, TLS_INVALID
   */
  start(): Promise<void>;
  /** Ends, and closes what it has opened; no call of `process` is under way then. */
  stop(): Promise<void>;
  /**
   * Delivers one batch, or more. After an error everything that was not delivered is back in the channel.
   * @param signal aborts when the sink is to stop: then it takes nothing more and comes to an end
   * @throws StreamjobError when the events could not be delivered
   */
  process(signal: AbortSignal): Promise<SinkStatus>;
  /**
   * Does what is due by the time alone, such as beginning a new file: called each time that `process` found nothing.
   * @returns in how many ms it wants to be called again, if nothing comes before; undefined: whenever it is
   * @throws StreamjobError when that failed; the runner tells it and tries again later, as with `process`
   */
  idle?(): Promise<number | undefined>;
  /** The address it listens on, if it does. */
  readonly address?: { readonly host: string; readonly port: number } | undefined;
}

/** What a sink is given. */
export interface SinkContext {
  /** The name of the sink in the flume.conf. */
  readonly name: string;
  /** Where its lines go. */
  readonly log: Logger;
  /** What time it is, and timers. */
  readonly clock: Clock;
  /** Flume's counters, which `takeBatch` and `finish` add to. */
  readonly counters: SinkCounters;
  /** Where it takes events from. */
  readonly channel: Channel;
  /** Where a sink that writes files keeps them. Default: this machine. */
  readonly files?: Files;
}

/** A type of sink. */
export type SinkType = ComponentType<SinkContext, Sink>;

/** A batch with the transaction that it was taken in. */
export interface Batch {
  /** The one in which the events were taken: `finish` or `giveBack` ends it. */
  readonly transaction: Transaction;
  /** At least one. */
  readonly events: readonly PlainEvent[];
}

/**
 * Takes up to `size` events in a transaction that is open afterwards; undefined (and no transaction) when there are none.
 * @throws StreamjobError of the channel; then nothing is taken
 */
export function takeBatch(channel: Channel, size: number, counters: SinkCounters): Batch | undefined {
  const transaction = channel.transaction();
  transaction.begin();
  const events: PlainEvent[] = [];
  try {
    while (events.length < size) {
      const event = transaction.take();
      if (event === undefined) break;
      events.push(event);
    }
  } catch (error) {
    // What lies before a damaged event is delivered; the error comes again, alone, with the next batch.
    if (events.length === 0) {
      counters.ChannelReadFail++;
      giveBack(transaction);
      throw error;
    }
  }
  if (events.length === 0) {
    giveBack(transaction);
    counters.BatchEmptyCount++;
    return undefined;
  }
  if (events.length < size) counters.BatchUnderflowCount++;
  else counters.BatchCompleteCount++;
  counters.EventDrainAttemptCount += events.length;
  return { transaction, events };
}

/** Commits a batch that was delivered. */
export async function finish({ transaction, events }: Batch, counters: SinkCounters): Promise<void> {
  reached('acknowledged');
  try {
    await transaction.commit();
  } catch (error) {
    giveBack(transaction);
    throw error;
  }
  transaction.close();
  counters.EventDrainSuccessCount += events.length;
}

/**
 * Takes a batch, writes it and commits it: what a sink's `process` is where nothing is special about it.
 * @param size the most events @param write resolves when the events are where they are to be
 * @throws what `write` threw, after the batch is back in the channel; StreamjobError of the channel
 */
export async function deliverBatch(
  { channel, counters }: Pick<SinkContext, 'channel' | 'counters'>,
  size: number,
  write: (batch: Batch) => Promise<void> | void,
): Promise<SinkStatus> {
  const batch = takeBatch(channel, size, counters);
  if (batch === undefined) return 'backoff';
  try {
    await write(batch);
  } catch (error) {
    counters.EventWriteFail++;
    giveBack(batch.transaction);
    throw error;
  }
  await finish(batch, counters);
  return 'ready';
}

/** Rolls back and closes; in effect when it returns. */
export function giveBack(transaction: Transaction): void {
  void transaction.rollback();
  transaction.close();
}
