/** The counters of components, under Flume's names. Sources, channels and sinks add to plain fields; nothing is looked up per event. Gauges are read when asked for. */

/**
 * Makes one of the counters a gauge: its value is asked for whenever the counters are read. One that is set after a batch is wrong as
 * soon as it changes between batches.
 * @example gauge(counters, 'ChannelSize', () => queue.length)
 */
export function gauge<T extends object, K extends keyof T>(counters: T, name: K, read: () => T[K]): void {
  Object.defineProperty(counters, name, { get: read, enumerable: true, configurable: true });
}

/** Counters of a source. */
export interface SourceCounters {
  EventReceivedCount: number;
  EventAcceptedCount: number;
  AppendReceivedCount: number;
  AppendAcceptedCount: number;
  AppendBatchReceivedCount: number;
  AppendBatchAcceptedCount: number;
  OpenConnectionCount: number;
  EventReadFail: number;
  ChannelWriteFail: number;
  GenericProcessingFail: number;
}

/** Counters of a channel. */
export interface ChannelCounters {
  ChannelSize: number;
  ChannelCapacity: number;
  EventPutAttemptCount: number;
  EventPutSuccessCount: number;
  EventTakeAttemptCount: number;
  EventTakeSuccessCount: number;
  /** Events that a source was told are taken, and that were dropped since the channel did not take them (best-effort, optional channels). */
  EventDropCount: number;
  /** Of a channel on disk: events that were damaged there, and were left out. */
  EventDamagedCount?: number;
  /** Of a channel in memory that has an overflow: events that are on disk. */
  OverflowSize?: number;
}

/** Counters of a sink. */
export interface SinkCounters {
  ConnectionCreatedCount: number;
  ConnectionClosedCount: number;
  ConnectionFailedCount: number;
  BatchEmptyCount: number;
  BatchUnderflowCount: number;
  BatchCompleteCount: number;
  EventDrainAttemptCount: number;
  EventDrainSuccessCount: number;
  EventWriteFail: number;
  ChannelReadFail: number;
}

/** Counters of a sink processor. */
export interface ProcessorCounters {
  /** Events that were written to disk because the receiver could not take them (store_on_failure). */
  EventSpillCount: number;
  /** Events that are on disk now. */
  SpillSize: number;
  /** Events that were dropped because the receiver could not take them (best_effort). */
  EventDropCount: number;
  /** Events that were damaged on disk, and were left out (store_on_failure). */
  EventDamagedCount?: number;
}

/** All zero. */
export function sourceCounters(): SourceCounters {
  return {
    EventReceivedCount: 0,
    EventAcceptedCount: 0,
    AppendReceivedCount: 0,
    AppendAcceptedCount: 0,
    AppendBatchReceivedCount: 0,
    AppendBatchAcceptedCount: 0,
    OpenConnectionCount: 0,
    EventReadFail: 0,
    ChannelWriteFail: 0,
    GenericProcessingFail: 0,
  };
}

/** All zero. */
export function channelCounters(): ChannelCounters {
  return {
    ChannelSize: 0,
    ChannelCapacity: 0,
    EventPutAttemptCount: 0,
    EventPutSuccessCount: 0,
    EventTakeAttemptCount: 0,
    EventTakeSuccessCount: 0,
    EventDropCount: 0,
  };
}

/** All zero. */
export function sinkCounters(): SinkCounters {
  return {
    ConnectionCreatedCount: 0,
    ConnectionClosedCount: 0,
    ConnectionFailedCount: 0,
    BatchEmptyCount: 0,
    BatchUnderflowCount: 0,
    BatchCompleteCount: 0,
    EventDrainAttemptCount: 0,
    EventDrainSuccessCount: 0,
    EventWriteFail: 0,
    ChannelReadFail: 0,
  };
}

/** All zero. */
export function processorCounters(): ProcessorCounters {
  return { EventSpillCount: 0, SpillSize: 0, EventDropCount: 0 };
}
