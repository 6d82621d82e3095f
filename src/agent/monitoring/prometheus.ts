/**
 * The counters of an agent as Prometheus reads them. Source: the text exposition format 0.0.4 of Prometheus.
 */
import { counterHelp, counterName, isGauge } from '../runtime/measures.ts';
import type { AgentCounters } from './flume-json.ts';

/** What is sent as their type. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** @example prometheusText('a1', { 'CHANNEL.c1': { ChannelSize: 1 } }) // '# HELP agent_channel_size …' */
export function prometheusText(agent: string, counters: AgentCounters): string {
  const names = [...new Set(Object.values(counters).flatMap((own) => Object.keys(own)))].sort();
  const lines = names.flatMap((name) => {
    const metric = counterName(name);
    const values = Object.entries(counters).flatMap(([component, own]) => {
      const value = own[name];
      return value === undefined
        ? []
        : [`${metric}{agent="${escaped(agent)}",component="${escaped(component)}"} ${value}`];
    });
    return [
      `# HELP ${metric} ${counterHelp(name)}`,
      `# TYPE ${metric} ${isGauge(name) ? 'gauge' : 'counter'}`,
      ...values,
    ];
  });
  return `${lines.join('\n')}\n`;
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
