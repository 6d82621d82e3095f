/** The list of sink processor types. */
import { type Registry, registry } from '../../core/registry.ts';
import { bestEffort } from './best-effort.ts';
import { defaultType } from './default.ts';
import { failover } from './failover.ts';
import { loadBalance } from './load-balance.ts';
import type { ProcessorType } from './processor.ts';
import { storeOnFailure } from './store-on-failure.ts';

/** All sink processor types, by their names. */
export const processors: Registry<ProcessorType> = registry('sink processor', [
  defaultType,
  storeOnFailure,
  bestEffort,
  failover,
  loadBalance,
]);
