/** How fast the counters of the agent's components rise. */
import { useRef } from 'preact/hooks';
import { type Reading, rateOf, withReading } from './rates.ts';
import type { AgentComponent } from './types.ts';

/** By how much a counter of a component rises in a second; null: it is not known yet. */
export type CounterRate = (component: AgentComponent, counter: string) => number | null;

interface Kept {
  answer: readonly AgentComponent[] | undefined;
  readings: ReadonlyMap<string, readonly Reading[]>;
}

/** @param components what was answered last; each answer is another object */
export function useCounterRates(components: readonly AgentComponent[] | undefined): CounterRate {
  const { current: kept } = useRef<Kept>({ answer: undefined, readings: new Map() });
  if (components !== undefined && components !== kept.answer) {
    kept.answer = components;
    const at = performance.now();
    // Components that are gone after a reload are forgotten.
    kept.readings = new Map(
      components.flatMap((component) =>
        Object.entries(component.counters).map(([counter, value]) => {
          const key = keyOf(component, counter);
          return [key, withReading(kept.readings.get(key) ?? [], { at, value })] as const;
        }),
      ),
    );
  }
  return (component, counter) => rateOf(kept.readings.get(keyOf(component, counter)) ?? []);
}

function keyOf({ kind, name }: AgentComponent, counter: string): string {
  return `${kind}.${name}.${counter}`;
}
