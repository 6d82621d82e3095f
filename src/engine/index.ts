/** The list of engines. A new one is a folder beside this file, and a line here. */

import { type Registry, registry } from '../core/registry.ts';
import type { EngineKind } from './engine.ts';
import { inlineEngine } from './inline.ts';
import { sparkEngine } from './spark/kind.ts';
import { threadsEngine } from './threads/engine.ts';

/** All engines by their names. */
export const engines: Registry<EngineKind> = registry('engine', [inlineEngine, threadsEngine, sparkEngine]);
