/** The config filter `env`: the environment of the process. */
import { defineComponent } from '../component/component.ts';
import type { ConfigFilter, ConfigFilterContext, ConfigFilterType } from './configfilter.ts';

/** The config filter `env`. */
export const env: ConfigFilterType = defineComponent({
  type: 'env',
  aliases: ['org.apache.flume.configfilter.EnvironmentVariableConfigFilter'],
  doc: 'the value of a key is the variable of the environment with that name',
  fields: {},
  create: (_values, context: ConfigFilterContext): ConfigFilter => ({
    filter: async (key) => {
      const value = context.env[key];
      return value === undefined ? { missing: `the environment variable ${key} is not set` } : { value };
    },
  }),
});
