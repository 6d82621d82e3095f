/** `…/agent`: what the components of the embedded agent are at. */
import type { ComponentInspection, FileProgress } from '../../core/agent-inspection.ts';
import type { Observer } from '../observer.ts';
import { masked } from '../secrets.ts';

/** A component, as JSON has it. */
export interface AgentComponent {
  readonly kind: ComponentInspection['kind'];
  readonly name: string;
  readonly type: string;
  readonly state: ComponentInspection['state'];
  readonly problem: string | null;
  readonly place: string | null;
  readonly channels: readonly string[];
  readonly group: string | null;
  readonly interceptors: readonly string[];
  readonly selector: string | null;
  /** Under Flume's names. */
  readonly counters: Readonly<Record<string, number>>;
  readonly files: readonly FileProgress[];
  readonly filesInAll: number;
  /** Of a channel that counts bytes; a capacity of null is no bound. */
  readonly bytes: { readonly held: number; readonly capacity: number | null } | null;
}

/** The agent; without a name there is none in the process of the job. */
export interface AgentAnswer {
  readonly name: string | null;
  readonly components: readonly AgentComponent[];
}

/** Asks the components. */
export function agent({ agent: inspect, redaction }: Observer): AgentAnswer {
  const inspected = inspect?.();
  if (inspected === undefined) return { name: null, components: [] };
  return {
    name: inspected.name,
    components: inspected.components.map(({ bytes, group, place, problem, selector, ...same }) => ({
      ...same,
      bytes: bytes === undefined ? null : { held: bytes.held, capacity: bytes.capacity ?? null },
      group: group ?? null,
      place: place ?? null,
      problem: problem === undefined ? null : masked(redaction.ofMessage(problem)),
      selector: selector ?? null,
    })),
  };
}
