/** Unit, property, type and golden tests; the interop tests have a config of their own (they bring real peers). */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from './reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/{unit,property,golden,types,fuzz,conformance,flume}/**/*.test.ts'],
    environment: 'node',
    reporters: reporters('unit'),
    // vitest leaves a core to itself, which has little to do: on two cores that is half of the time.
    maxWorkers: '100%',
    // What is waited for has limits of its own; these only end what hangs, on a machine that has much else to do, too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
