/** The page of a job in a real browser, beside a real Flume. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from '../reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/browser/**/*.test.ts'],
    environment: 'node',
    reporters: reporters('browser'),
    globalSetup: 'test/browser/kit/prepare.ts',
    fileParallelism: false,
    maxWorkers: 1,
    // What is waited for has limits of its own, and says what it was; these only end what hangs.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
