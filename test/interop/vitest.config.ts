/** Tests against real Flume and real Spark. They share two cores with JVMs and bind ports: one file after the other. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from '../reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/interop/**/*.test.ts'],
    environment: 'node',
    reporters: reporters('interop'),
    globalSetup: 'test/interop/kit/bring-peers.ts',
    fileParallelism: false,
    maxWorkers: 1,
    // What is waited for has limits of its own, and says what it was; these only end what hangs.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
