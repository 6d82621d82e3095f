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
  /** Events that the source received. */
  EventReceivedCount: number;
  /** Events that the source put into its channels. */
  EventAcceptedCount: number;
  /** Events that came one by one. */
  AppendReceivedCount: number;
  /** Events that came one by one and were put into the channels. */
  AppendAcceptedCount: number;
  /** Batches that came. */
  AppendBatchReceivedCount: number;
  /** Batches that were put into the channels. */
  AppendBatchAcceptedCount: number;
  /** Connections that are open. */
  OpenConnectionCount: number;
  /** Events that the source could not read. */
  EventReadFail: number;
  /** Times that a channel did not take what the source had. */
  ChannelWriteFail: number;
  /** Times that the source failed for another reason. */
  GenericProcessingFail: number;
}

/** Counters of a channel. */
export interface ChannelCounters {
  /** Events in the channel. */
  ChannelSize: number;
  /** Events that the channel can hold. */
  ChannelCapacity: number;
  /** Events that sources tried to put into the channel. */
  EventPutAttemptCount: number;
  /** Events that sources put into the channel and committed. */
  EventPutSuccessCount: number;
  /** Times that sinks tried to take an event. */
  EventTakeAttemptCount: number;
  /** Events that sinks took and committed. */
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
  /** Connections that the sink made. */
  ConnectionCreatedCount: number;
  /** Connections of the sink that were closed. */
  ConnectionClosedCount: number;
  /** Connections of the sink that failed. */
  ConnectionFailedCount: number;
  /** Batches without an event: the channel was empty. */
  BatchEmptyCount: number;
  /** Batches that were not full. */
  BatchUnderflowCount: number;
  /** Batches that were full. */
  BatchCompleteCount: number;
  /** Events that the sink tried to deliver. */
  EventDrainAttemptCount: number;
  /** Events that the sink delivered. */
  EventDrainSuccessCount: number;
  /** Times that the sink could not deliver. */
  EventWriteFail: number;
  /** Times that the sink could not take from its channel. */
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
