/** What the counters of an agent are called as metrics of a job, by the interfaces in which components declare them. */
import { readFileSync } from 'node:fs';
import { counterName, isGauge } from '../../src/agent/runtime/measures.ts';

const SOURCE = new URL('../../src/agent/component/counters.ts', import.meta.url);

/** @example agentMetrics().get('agent_channel_size') // 'gauge' */
export function agentMetrics(): ReadonlyMap<string, 'counter' | 'gauge'> {
  const names = [...readFileSync(SOURCE, 'utf8').matchAll(/^ {2}([A-Z]\w+)\??: number;$/gm)].map(
    ([, name = '']) => name,
  );
  return new Map(
    names.map((name): [string, 'counter' | 'gauge'] =>
      isGauge(name) ? [counterName(name), 'gauge'] : [`${counterName(name)}_total`, 'counter'],
    ),
  );
}
