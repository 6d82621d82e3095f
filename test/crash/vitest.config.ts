/** Fault tests: processes that are killed, stopped and cut off. A few scenarios run side by side: most of their time is waiting. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from '../reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/crash/**/*.test.ts'],
    environment: 'node',
    reporters: reporters('crash'),
    globalSetup: ['test/crash/kit/table.ts', 'test/crash/kit/bring-flume.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    maxConcurrency: 3,
    testTimeout: 150_000,
  },
});
