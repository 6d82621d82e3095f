/**
 * What a channel is: a queue of events between sources and sinks that is used through transactions.
 * An event that was taken still occupies the channel until its transaction commits; a rollback returns it to the head.
 */
import type { ByteFill } from '../../core/agent-inspection.ts';
import type { Clock } from '../../core/clock.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Logger } from '../../core/log.ts';
import type { ComponentType } from '../component/component-type.ts';
import type { ChannelCounters } from '../component/counters.ts';

/** Where a transaction is in its life. A failed commit leaves it open: the caller rolls it back. */
export type TransactionState = 'new' | 'open' | 'completed' | 'closed';

/**
 * One transaction. Flume binds them to threads; here it is an object, and any number may be open at once.
 *
 * @example
 * const transaction = channel.transaction();
 * transaction.begin();
 * try { transaction.put(event); await transaction.commit(); }
 * catch (error) { await transaction.rollback(); throw error; }
 * finally { transaction.close(); }
 */
export interface Transaction {
  /** What may be called next. */
  readonly state: TransactionState;
  /**
   * Opens it: before that nothing can be put or taken.
   * @throws StreamjobError TRANSACTION_STATE unless new; CHANNEL_CLOSED
   */
  begin(): void;
  /** Adds an event, seen by takers after the commit. @throws StreamjobError TRANSACTION_FULL, TRANSACTION_STATE */
  put(event: PlainEvent): void;
  /**
   * The next event, or undefined when there is none now; it never waits (see {@link Channel.available}).
   * @throws StreamjobError TRANSACTION_FULL, TRANSACTION_STATE, CHANNEL_CORRUPT
   */
  take(): PlainEvent | undefined;
  /**
   * Makes puts visible and takes final; resolves when that is as durable as the channel can make it.
   * @throws StreamjobError CHANNEL_FULL (after keep-alive), CHANNEL_CLOSED, FILE_ACCESS; the transaction is open still
   */
  commit(): Promise<void>;
  /** Forgets puts, returns takes to the head in their order. The return takes effect before the call returns. */
  rollback(): Promise<void>;
  /** Ends the life of the object. @throws StreamjobError TRANSACTION_STATE while it is open */
  close(): void;
}

/** A channel. */
export interface Channel {
  /**
   * Opens it; called once, before any transaction.
   * @throws StreamjobError CHANNEL_LOCKED, CHANNEL_CORRUPT, CHANNEL_FULL, FILE_ACCESS
   */
  start(): Promise<void>;
  /** Closes it, when nobody uses it any more. */
  stop(): Promise<void>;
  /** A new one, for one thread of work: begin it, put or take, then commit or roll back. */
  transaction(): Transaction;
  /** The most events of one transaction. */
  readonly transactionCapacity: number;
  /** Events in it, with those that were taken and not committed. */
  readonly size: number;
  /** How full it is in bytes, where it counts them; asked for when somebody looks. */
  readonly bytes?: ByteFill | undefined;
  /**
   * Waits until an event can be taken.
   * @returns true when there is one; false after `timeoutMs` (Infinity: no limit), when `signal` aborts or the channel stops
   */
  available(timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  /** Resolves when the channel holds nothing and no take is open; at once when it is stopped or `signal` aborts. */
  whenEmpty(signal?: AbortSignal): Promise<void>;
}

/** What a channel is given. */
export interface ChannelContext {
  /** The name of the channel in the flume.conf. */
  readonly name: string;
  /** Where its lines go. */
  readonly log: Logger;
  /** What time it is, and timers. */
  readonly clock: Clock;
  /** Flume's counters of the channel. */
  readonly counters: ChannelCounters;
}

/** A type of channel. */
export type ChannelType = ComponentType<ChannelContext, Channel>;
