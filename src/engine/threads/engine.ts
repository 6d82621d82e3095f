/**
 * The threads engine: a crew of worker threads of this process runs the stages, and the main thread never looks at an event. Outputs run
 * in the main thread and fetch what they ask for.
 */
import { CrewEngine } from '../crew/engine.ts';
import type { EngineKind } from '../engine.ts';
import { threadLauncher } from './launcher.ts';

/** The engine's entry in the list. */
export const threadsEngine: EngineKind = {
  type: 'threads',
  takesInput: 'shared-memory',
  open: (settings) => CrewEngine.open(settings, threadLauncher),
};
