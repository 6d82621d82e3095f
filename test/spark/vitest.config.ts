/** Jobs on a real Spark cluster: one file after the other, each with a cluster of its own. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from '../reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/spark/**/*.test.ts'],
    environment: 'node',
    reporters: reporters('spark'),
    globalSetup: 'test/spark/kit/prepare.ts',
    fileParallelism: false,
    maxWorkers: 1,
    // What is waited for has limits of its own, and says what it was; these only end what hangs.
    testTimeout: 400_000,
    hookTimeout: 120_000,
  },
});
