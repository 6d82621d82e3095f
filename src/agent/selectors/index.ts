/** The list of channel selector types. */
import { type Registry, registry } from '../../core/registry.ts';
import { loadBalancing } from './load-balancing.ts';
import { multiplexing } from './multiplexing.ts';
import { replicating } from './replicating.ts';
import type { SelectorType } from './selector.ts';

/** All selector types, by their names. */
export const selectors: Registry<SelectorType> = registry('selector', [replicating, multiplexing, loadBalancing]);
