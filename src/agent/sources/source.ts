/** What a source is: it brings events into channels through its processor. */

import type { FileProgress } from '../../core/agent-inspection.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import type { Logger } from '../../core/log.ts';
import { nextLoop } from '../../core/machine.ts';
import type { ComponentType } from '../component/component-type.ts';
import type { SourceCounters } from '../component/counters.ts';

/** A source. */
export interface Source {
  /**
   * Begins to bring events; resolves when it has begun, not when it ends.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, FILE_NOT_FOUND, FILE_ACCESS, TLS_INVALID
   */
  start(): Promise<void>;
  /** Stops bringing events; resolves when none is on its way any more. */
  stop(): Promise<void>;
  /** Whether it never ends by itself. */
  readonly endless: boolean;
  /** Resolves when it has brought all there is at the time of the call or later; never for an endless source. */
  whenEnded(): Promise<void>;
  /** The address it listens on, if it does. */
  readonly address?: { readonly host: string; readonly port: number } | undefined;
  /** The files that it reads, with how far it is in each; asked for when somebody looks. */
  files?(): readonly FileProgress[];
}

/** Where a source puts its batches: the agent's interceptors, selector and channels are behind it. */
export interface SourceChannels {
  /** The most events of a batch that fits a transaction of every channel. */
  readonly batchLimit: number;
  /** Whether a batch that a channel does not take is dropped and counted, so that the source goes on (best-effort). */
  readonly drops: boolean;
  /**
   * Puts a batch; resolves when every required channel has it.
   * @throws StreamjobError of the channel: CHANNEL_FULL, TRANSACTION_FULL, CHANNEL_CLOSED, FILE_ACCESS
   */
  process(batch: readonly PlainEvent[]): Promise<void>;
}

/** What a source is given. */
export interface SourceContext {
  /** The name of the source in the flume.conf. */
  readonly name: string;
  /** Where its lines go. */
  readonly log: Logger;
  /** What time it is, and timers. */
  readonly clock: Clock;
  /** Flume's counters of the source. */
  readonly counters: SourceCounters;
  /** Its interceptors, its selector and its channels: `deliver` puts events into them. */
  readonly processor: SourceChannels;
}

/** A type of source. */
export type SourceType = ComponentType<SourceContext, Source>;

/** How long to wait between attempts: from `first` doubling up to `max`, in ms. */
export interface Retry {
  /** The first wait, in ms; each further one is twice as long. */
  readonly first: number;
  /** The longest wait, in ms. */
  readonly max: number;
}

/**
 * Puts a batch and tries again, with the same events, until the channels take it.
 * @returns false when `signal` aborted before that
 */
export async function deliver(
  events: readonly PlainEvent[],
  { processor, counters, clock, log, name }: SourceContext,
  retry: Retry,
  signal: AbortSignal,
): Promise<boolean> {
  counters.EventReceivedCount += events.length;
  counters.AppendBatchReceivedCount++;
  for (let wait = retry.first; ; wait = Math.min(wait * 2, retry.max)) {
    try {
      await processor.process(events);
      counters.EventAcceptedCount += events.length;
      counters.AppendBatchAcceptedCount++;
      return true;
    } catch (error) {
      counters.ChannelWriteFail++;
      if (signal.aborted) return false;
      log.warn(
        { cause: messageOf(error), retryMs: wait },
        `source ${name}: a channel did not take the batch, it is tried again`,
      );
      await sleep(clock, wait, signal);
      if (signal.aborted) return false;
    }
  }
}

/** A promise that never resolves, for endless sources. */
export function never(): Promise<void> {
  return new Promise(() => {});
}

/** Lets timers and sockets have their turn: a loop over promises that resolve at once would starve them. */
export function breathe(): Promise<void> {
  return nextLoop();
}
