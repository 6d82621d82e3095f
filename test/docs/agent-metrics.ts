/** What the counters of an agent are called as metrics of a job, by the interfaces in which components declare them. */
import { readFileSync } from 'node:fs';

const SOURCE = new URL('../../src/agent/component/counters.ts', import.meta.url);
/** Those that go down, too. */
const GAUGES = ['ChannelSize', 'ChannelCapacity', 'OverflowSize', 'OpenConnectionCount', 'EventSpillSize'];

/** @example agentMetrics().get('agent_channel_size') // 'gauge' */
export function agentMetrics(): ReadonlyMap<string, 'counter' | 'gauge'> {
  const names = [...readFileSync(SOURCE, 'utf8').matchAll(/^ {2}([A-Z]\w+)\??: number;$/gm)].map(
    ([, name = '']) => name,
  );
  return new Map(
    names.map((name): [string, 'counter' | 'gauge'] => {
      const snake = name.replace(/(?!^)([A-Z])/g, '_$1').toLowerCase();
      return GAUGES.includes(name) ? [`agent_${snake}`, 'gauge'] : [`agent_${snake}_total`, 'counter'];
    }),
  );
}
