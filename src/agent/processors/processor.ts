/**
 * What a sink processor is: it drives the sinks of a group. A sink outside a group is a group of its own.
 * A processor chooses the channel that each of its sinks takes from: the sink's own, or one that it puts in front of it.
 */
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Channel } from '../channels/channel.ts';
import type { ComponentType } from '../component/component-type.ts';
import type { ProcessorCounters } from '../component/counters.ts';
import type { Sink, SinkStatus } from '../sinks/sink.ts';

/** Drives one or more sinks; starts and stops them. */
export interface SinkProcessor {
  /** @throws StreamjobError of the sinks, and of what the processor opens itself: CHANNEL_LOCKED, CHANNEL_CORRUPT, FILE_ACCESS */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** @throws what the sinks threw, when none could deliver */
  process(signal: AbortSignal): Promise<SinkStatus>;
  /** What is due by the time alone in its sinks: see {@link Sink.idle}. Called after a `backoff`. */
  idle(): Promise<number | undefined>;
  /**
   * Waits until there is something to process: called after a `backoff`.
   * @returns true when there is; false after `timeoutMs` or when `signal` aborts
   */
  available(timeoutMs: number, signal: AbortSignal): Promise<boolean>;
  /** Resolves when the processor holds no events of its own (beside those of the channels), or `signal` aborts. */
  whenEmpty(signal?: AbortSignal): Promise<void>;
}

/** A sink of a group, before it is made. */
export interface GroupSink {
  readonly name: string;
  /** The channel that it has in the file. */
  readonly channel: Channel;
  /** Whether that channel keeps its events over a kill of the process. */
  readonly durable: boolean;
  /** Makes the sink, to be called once. @param channel what it takes from: its own, or one of the processor's */
  open(channel: Channel): Sink;
}

/** What a processor is given. */
export interface ProcessorContext {
  /** The group's name, or the sink's when it is in none. */
  readonly name: string;
  /** The agent's name. */
  readonly agent: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly counters: ProcessorCounters;
  readonly sinks: readonly GroupSink[];
}

/** A type of sink processor. */
export type ProcessorType = ComponentType<ProcessorContext, SinkProcessor>;

/** The one sink of a group whose type takes one only; the file was checked for that (`limits.sinks`). */
export function onlySink({ sinks, name }: ProcessorContext): GroupSink {
  const [sink] = sinks;
  if (sink === undefined) throw new RangeError(`sink group ${name} has no sink`);
  return sink;
}
