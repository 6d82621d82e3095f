/** What a sink processor is: it drives the sinks of a group. A sink outside a group has the default one. */
import type { Sink, SinkStatus } from '../sinks/sink.ts';

/** Drives one or more sinks; starts and stops them. */
export interface SinkProcessor {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** @throws what the sinks threw, when none could deliver */
  process(signal: AbortSignal): Promise<SinkStatus>;
}

/** The processor of a single sink. */
export function defaultProcessor(sink: Sink): SinkProcessor {
  return {
    start: () => sink.start(),
    stop: () => sink.stop(),
    process: (signal) => sink.process(signal),
  };
}
