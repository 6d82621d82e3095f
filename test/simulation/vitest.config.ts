/** Seeds of the simulator: two files side by side, each its own range. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { reporters } from '../reporters.ts';

export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  resolve: { conditions: ['streamjob-source'] },
  ssr: { resolve: { conditions: ['streamjob-source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: ['test/simulation/seeds/*.test.ts'],
    environment: 'node',
    reporters: reporters('simulation'),
    maxWorkers: 2,
    testTimeout: 300_000,
    // `npm run simulate:coverage`: which lines of what is simulated no seed reaches.
    coverage: {
      include: ['src/flow/**', 'src/durable/**', 'src/agent/**'],
      reporter: ['text', ['text', { file: 'coverage.txt' }], 'json'],
      reportsDirectory: 'node_modules/.simulation-coverage',
    },
  },
});
