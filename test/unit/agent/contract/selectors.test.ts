/** Every selector keeps what a selector promises. */

import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { selectorContract } from '../../../../src/agent/contracts/functions.ts';
import { selectors } from '../../../../src/agent/selectors/index.ts';
import { forEveryEntry, runContract } from './entries.ts';

/** The source has the channels c1, c2, c3. */
const fixtures: Readonly<Record<string, () => ContractProperties>> = {
  replicating: () => ({ optional: 'c3' }),
  load_balancing: () => ({ policy: 'random' }),
  multiplexing: () => ({ header: 'a', 'mapping.1': 'c1 c2', 'optional.1': 'c2 c3', default: 'c3' }),
};

forEveryEntry(selectors, fixtures, (type, properties) => runContract(selectorContract(type, properties)));
