/** Every sink processor keeps what a sink processor promises. */
import { expect, it } from 'vitest';
import { declarationContract } from '../../../../src/agent/contracts/declaration.ts';
import { processors } from '../../../../src/agent/processors/index.ts';
import { isWeaker } from '../../../../src/core/reliability.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { forEveryEntry, runContract } from './entries.ts';
import { processorConformance } from './processors.ts';

const fixtures: Readonly<Record<string, () => Record<string, string | number>>> = {
  default: () => ({}),
  store_on_failure: () => ({ directory: ownDirectory(), minimumRequiredSpace: 0 }),
  best_effort: () => ({}),
  failover: () => ({ 'priority.k1': 10 }),
  load_balance: () => ({ selector: 'random', backoff: 'true', 'selector.maxTimeOut': 1000 }),
};

forEveryEntry(processors, fixtures, (type, properties) => {
  runContract(declarationContract(type, properties, true));
  processorConformance(type.type, type, properties);

  it('says which level it gives, no weaker on a channel that is on disk', () => {
    const { gives } = type;
    expect(gives).toBeDefined();
    if (gives === undefined) return;
    expect(isWeaker(gives.durable, gives.memory)).toBe(false);
    if (gives.madeFor !== undefined) expect(isWeaker(gives.memory, gives.madeFor)).toBe(false);
  });
});
