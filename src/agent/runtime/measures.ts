/**
 * What the counters of an agent's components are for those who watch it: each one as a measurement of the telemetry port. Flume's names
 * as JSON (`Agent.counters`) are another view of the same counters.
 */
import type { Telemetry } from '../../core/telemetry.ts';
import type { ChannelCounters, ProcessorCounters, SinkCounters, SourceCounters } from '../component/counters.ts';

type CounterName = keyof (SourceCounters & ChannelCounters & SinkCounters & ProcessorCounters);

/** What each counter is, in the words of Flume's user guide where it has some. */
const HELP: Readonly<Record<CounterName, string>> = {
  EventReceivedCount: 'events that the source received',
  EventAcceptedCount: 'events that the source put into its channels',
  AppendReceivedCount: 'events that came one by one',
  AppendAcceptedCount: 'events that came one by one and were put into the channels',
  AppendBatchReceivedCount: 'batches that came',
  AppendBatchAcceptedCount: 'batches that were put into the channels',
  OpenConnectionCount: 'connections that are open',
  EventReadFail: 'events that the source could not read',
  ChannelWriteFail: 'times that a channel did not take what the source had',
  GenericProcessingFail: 'times that the source failed for another reason',
  ChannelSize: 'events in the channel',
  ChannelCapacity: 'events that the channel can hold',
  EventPutAttemptCount: 'events that sources tried to put into the channel',
  EventPutSuccessCount: 'events that sources put into the channel and committed',
  EventTakeAttemptCount: 'times that sinks tried to take an event',
  EventTakeSuccessCount: 'events that sinks took and committed',
  EventDropCount: 'events that were dropped',
  EventDamagedCount: 'events that were damaged on disk, and were left out',
  OverflowSize: 'events of a spillable memory channel that are on disk',
  ConnectionCreatedCount: 'connections that the sink made',
  ConnectionClosedCount: 'connections of the sink that were closed',
  ConnectionFailedCount: 'connections of the sink that failed',
  BatchEmptyCount: 'batches without an event: the channel was empty',
  BatchUnderflowCount: 'batches that were not full',
  BatchCompleteCount: 'batches that were full',
  EventDrainAttemptCount: 'events that the sink tried to deliver',
  EventDrainSuccessCount: 'events that the sink delivered',
  EventWriteFail: 'times that the sink could not deliver',
  ChannelReadFail: 'times that the sink could not take from its channel',
  EventSpillCount: 'events that were written to disk because the receiver could not take them',
  SpillSize: 'events on disk because the receiver could not take them',
};

/** Those that go down too. */
const GAUGES: ReadonlySet<string> = new Set<CounterName>([
  'ChannelSize',
  'ChannelCapacity',
  'OverflowSize',
  'OpenConnectionCount',
  'SpillSize',
]);

/**
 * Registers all counters of an agent. `EventTakeSuccessCount` of `CHANNEL.c1` is `agent_event_take_success_count`, its labels say whose.
 * @param counters by component, e.g. `CHANNEL.c1`
 * @returns each takes a measurement back
 */
export function registerCounters(
  telemetry: Telemetry,
  agent: string,
  counters: Readonly<Record<string, Readonly<Record<string, number>>>>,
): (() => void)[] {
  return Object.entries(counters).flatMap(([component, own]) =>
    Object.keys(own).map((name) => {
      const measure = { help: counterHelp(name), labels: { agent, component } };
      const read = (): number => counters[component]?.[name] ?? 0;
      const register = isGauge(name) ? 'gauge' : 'observableCounter';
      return telemetry[register](counterName(name), measure, read);
    }),
  );
}

/** What a counter is, in words. */
export function counterHelp(name: string): string {
  return HELP[name as CounterName] ?? name;
}

/** Whether a counter goes down too. */
export function isGauge(name: string): boolean {
  return GAUGES.has(name);
}

/** A counter's name as a measurement. @example counterName('ChannelSize') // 'agent_channel_size' */
export function counterName(name: string): string {
  return `agent${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}
