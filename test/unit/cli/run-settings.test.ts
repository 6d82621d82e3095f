/** Where the settings of `streamjob run` came from, as its page tells it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { resolveJobOptions } from '../../../src/api/resolve-options.ts';
import { plainFlags, type RunFlags } from '../../../src/cli/run-flags.ts';
import { runSettings } from '../../../src/cli/run-settings.ts';

function flagsOf(...words: readonly string[]): RunFlags {
  const flags = plainFlags(['job.ts', ...words]);
  if (flags === undefined) throw new Error('these are no plain flags');
  return flags;
}

describe('the settings of a run', () => {
  const file = { name: 'x', batchInterval: '1s', parallelism: 2, agent: '/jobs/flume.conf' } as const;

  it('come from a flag, a variable, the job file, or are defaults', () => {
    const flags = flagsOf('--batch-interval', '2s', '--batches', '5');
    const env = { STREAMJOB_PARALLELISM: '3', STREAMJOB_BATCH_INTERVAL: '9s' };
    const { more, origins } = runSettings(file, flags, '/jobs/job.ts', env);
    expect(origins).toMatchObject({
      batchInterval: { from: 'flag', by: '--batch-interval' },
      parallelism: { from: 'environment', by: 'STREAMJOB_PARALLELISM' },
      name: { from: 'job file', by: '/jobs/job.ts' },
      onFailure: { from: 'default' },
      maxBatches: { from: 'flag', by: '--batches' },
      embeddedAgent: { from: 'command', by: 'streamjob run' },
    });
    expect(more).toContainEqual(
      expect.objectContaining({ name: 'agent', value: '/jobs/flume.conf', from: 'job file' }),
    );
  });

  it('have those of the command, where there is something to tell', () => {
    const more = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      Object.fromEntries(
        runSettings({ name: 'x', batchInterval: 1 }, flagsOf(...words), 'job.ts', env).more.map((one) => [
          one.name,
          one,
        ]),
      );
    const plain = more([]);
    expect(Object.keys(plain)).not.toContain('uiToken');
    expect(plain).toMatchObject({
      uiPort: { from: 'default', value: '4040, or the next free one' },
      logLevel: { from: 'default', value: 'info' },
      json: { from: 'default', value: 'false' },
    });
    expect(more(['--ui-port', '5000', '--json', '--log-level', 'warn'])).toMatchObject({
      uiPort: { from: 'flag', by: '--ui-port', value: '5000' },
      json: { from: 'flag', by: '--json', value: 'true' },
      logLevel: { from: 'flag', by: '--log-level', value: 'warn' },
    });
    const inEnv = more([], { STREAMJOB_UI_TOKEN: 'hunter2', STREAMJOB_LOG_LEVEL: 'info' });
    expect(inEnv).toMatchObject({
      uiToken: { from: 'environment', by: 'STREAMJOB_UI_TOKEN' },
      logLevel: { from: 'environment', by: 'STREAMJOB_LOG_LEVEL', byDefault: 'info' },
    });
  });
});

test('each variable of the environment that the sources read is one that a job may be run with', () => {
  const src = path.join(import.meta.dirname, '../../../src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(path.join(src, name), 'utf8').matchAll(/env(?:\[')?\.?(STREAMJOB_\w+)/g)])
    .map(([, name = '']) => name);
  expect(names).toContain('STREAMJOB_UI_TOKEN');
  for (const name of names) {
    expect(() => resolveJobOptions({ name: 'x', batchInterval: 1 }, {}, { [name]: 'x' }), name).not.toThrow();
  }
});
