/** What the config filter `external` does with commands that go wrong. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Filtered } from '../../../../src/agent/configfilters/configfilter.ts';
import { external } from '../../../../src/agent/configfilters/external.ts';
import { type Clock, ManualClock } from '../../../../src/core/clock.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';
import { configured } from '../channels/make.ts';

/** The answer of a command whose script is given. */
function ask(
  script: string,
  properties: Record<string, string> = {},
  clock: Clock = new ManualClock(),
): Promise<Filtered> {
  const file = path.join(ownDirectory(), 'script.sh');
  writeFileSync(file, script);
  return configured(external, { command: `/bin/sh ${file}`, ...properties }, { env: {}, clock }).filter('key');
}

it('takes the first line, in the character set that is given, and gives the key as the last word', async () => {
  expect(await ask("printf 'a\\351b\\r\\nmore\\n'", { charset: 'ISO-8859-1' })).toEqual({ value: 'aéb' });
  expect(await ask('echo "$#-$1-"')).toEqual({ value: '1-key-' });
  expect(await ask('echo')).toEqual({ value: '' });
});

it('has no value where the command fails, writes nothing, or is not there, and does not tell what it wrote', async () => {
  expect(await ask('echo secret; exit 3')).toEqual({ missing: 'the command ended with 3' });
  expect(await ask('kill -TERM $$')).toEqual({ missing: 'the command ended with SIGTERM' });
  expect(await ask('true')).toEqual({ missing: 'the command wrote nothing' });
  expect(await ask('', { command: '/no/such/program' })).toEqual({ missing: expect.stringContaining('ENOENT') });
});

it('kills a command that does not end, and what it has started', async () => {
  const pids = path.join(ownDirectory(), 'pids');
  const clock = new ManualClock();
  const answer = ask(`trap '' TERM\nsleep 1000 & echo $! >${pids}; wait`, { timeout: '500' }, clock);
  await until(() => existsSync(pids) && readFileSync(pids, 'utf8').endsWith('\n'));
  clock.advance(500);
  expect(await answer).toEqual({ missing: 'the command did not end within 500 ms' });
  const pid = Number(readFileSync(pids, 'utf8'));
  await until(() => !isRunning(pid));
});

/** A process that has ended and that nobody has asked for its code counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !isZombie(pid);
}

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
