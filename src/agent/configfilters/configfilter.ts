/** What a config filter is: it knows values that are not to stand in a flume.conf, such as passwords, by keys. */
import type { Clock } from '../../core/clock.ts';
import type { ComponentType } from '../component/component-type.ts';

/** A value; or why there is none. */
export type Filtered = { readonly value: string } | { readonly missing: string };

/** A config filter. */
export interface ConfigFilter {
  /** The value of a key. It never rejects, and always comes to an end. */
  filter(key: string): Promise<Filtered>;
}

/** What a config filter is given. */
export interface ConfigFilterContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** A type of config filter. */
export type ConfigFilterType = ComponentType<ConfigFilterContext, ConfigFilter>;
