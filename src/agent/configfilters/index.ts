/** All config filters. A new one is a file here and a line below. */
import { type Registry, registry } from '../../core/registry.ts';
import type { ConfigFilterType } from './configfilter.ts';
import { env } from './env.ts';
import { external } from './external.ts';

/** The config filters by type. */
export const configFilters: Registry<ConfigFilterType> = registry('config filter', [env, external]);
