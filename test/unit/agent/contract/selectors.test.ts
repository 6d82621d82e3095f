/** Every selector keeps what a selector promises. */
import { selectors } from '../../../../src/agent/selectors/index.ts';
import type { Properties } from './declarations.ts';
import { forEveryEntry } from './entries.ts';
import { selectorContract } from './selectors.ts';

/** The source has the channels c1, c2, c3. */
const fixtures: Readonly<Record<string, () => Properties>> = {
  replicating: () => ({ optional: 'c3' }),
  load_balancing: () => ({ policy: 'random' }),
  multiplexing: () => ({ header: 'a', 'mapping.1': 'c1 c2', 'optional.1': 'c2 c3', default: 'c3' }),
};

forEveryEntry(selectors, fixtures, selectorContract);
