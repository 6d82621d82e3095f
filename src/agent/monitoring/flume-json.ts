/**
 * The counters of an agent as Flume's HTTP monitoring shows them: an object for each component by its kind and name, every value a text.
 * Source: HTTPMetricsServer and MonitoredCounterGroup of Flume 1.11.
 */

/** The counters of all components, e.g. of `CHANNEL.c1`. */
export type AgentCounters = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** The counters that the JSON of Flume has; any further ones are added to them. */
export type FlumeJson = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * @param startedAt when the agent was started, in ms since 1970
 * @param stoppedAt when it was stopped; 0 while it runs
 * @example flumeJson({ 'CHANNEL.c1': { ChannelSize: 1, ChannelCapacity: 4 } }, 1000, 0)['CHANNEL.c1'].ChannelFillPercentage // '25.0'
 */
export function flumeJson(counters: AgentCounters, startedAt: number, stoppedAt: number): FlumeJson {
  const times = { StartTime: String(startedAt), StopTime: String(stoppedAt) };
  return Object.fromEntries(
    Object.entries(counters).map(([component, own]) => {
      const values = Object.entries(own).map(([name, value]) => [name, String(value)]);
      const Type = component.slice(0, component.indexOf('.'));
      return [component, { ...Object.fromEntries(values), ...fill(own), Type, ...times }];
    }),
  );
}

/** How full a channel is, in per cent, as Java writes a double. */
function fill({ ChannelCapacity, ChannelSize }: Readonly<Record<string, number>>): Readonly<Record<string, string>> {
  if (ChannelCapacity === undefined || ChannelSize === undefined) return {};
  const percentage = ChannelCapacity === 0 ? 0 : (ChannelSize / ChannelCapacity) * 100;
  return { ChannelFillPercentage: Number.isInteger(percentage) ? `${percentage}.0` : String(percentage) };
}
