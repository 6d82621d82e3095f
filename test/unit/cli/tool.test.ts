/** `streamjob tool fcintegrity`: its words, what it prints, its exit codes. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Keys } from '../../../src/agent/channels/file/keys/keys.ts';
import { EventStore } from '../../../src/agent/channels/file/store.ts';
import { type CliResult, startCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { damage, started } from '../agent/channels/disk-rig.ts';
import { event } from '../agent/channels/use.ts';

const run = (...args: string[]): Promise<CliResult> => startCli(['tool', ...args]).ended;

async function filled(texts: readonly string[], keys?: Keys): Promise<string> {
  const directory = ownDirectory();
  const store = await EventStore.open(directory, 'test', keys === undefined ? {} : { keys });
  await store.write(
    texts.map((text) => event(text)),
    [],
  );
  await store.close();
  return directory;
}

async function bodiesIn(directory: string): Promise<string[]> {
  const store = await EventStore.open(directory, 'test');
  const events = store.read(0, store.next);
  await store.close();
  return events.map((taken) => Buffer.from(taken.event.body).toString());
}

test('says what is damaged in several directories, and repairs it when it is told to', async () => {
  const [whole, damaged] = [await filled(['a', 'b']), await filled(['damage me', 'good'])];
  damage(damaged, 'damage me');
  const clean = await run('fcintegrity', '-l', whole);
  expect([clean.code, clean.stderr]).toEqual([0, '']);
  expect(clean.stdout).toBe(`directory   ${whole}\nevents      2 noted, 2 whole, 0 damaged, 0 cannot be found\n`);
  const looked = await run('FCINTEGRITYTOOL', '-l', `${whole}, ${damaged}`);
  expect(looked.code).toBe(1);
  expect(looked.stdout).toContain(
    `directory   ${damaged}\nevents      2 noted, 1 whole, 1 damaged, 0 cannot be found\ndamaged     event 1: its checksum is wrong\n`,
  );
  expect(looked.stderr).toContain(`CHANNEL_CORRUPT: ${damaged} is not whole`);
  expect(looked.stderr).toContain('--repair');
  const repaired = await run('fcintegrity', '--dataDirs', damaged, '--repair');
  expect([repaired.code, repaired.stdout]).toEqual([
    1,
    expect.stringContaining('repaired    1 events kept, 1 removed'),
  ]);
  const again = await run('fcintegritytool', '-l', damaged, '--json');
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    directory: damaged,
    events: 1,
    whole: 1,
    damaged: [],
    repaired: null,
  });
  expect(await bodiesIn(damaged)).toEqual(['good']);
});

test('asks a validator of the user, with its parameters', async () => {
  const directory = await filled(['keep this', 'drop this', 'keep that']);
  const validator = path.join(ownDirectory(), 'validator.ts');
  fs.writeFileSync(
    validator,
    'export default ({ body }: { body: Uint8Array }, parameters: Record<string, string>): boolean =>\n' +
      "  Buffer.from(body).toString().startsWith(parameters['word'] ?? '');\n",
  );
  const looked = await run('fcintegrity', '-l', directory, '-e', validator, '-Dword=keep');
  expect([looked.code, looked.stdout]).toEqual([1, expect.stringContaining('refused     event 2, by the validator\n')]);
  await run('fcintegrity', '-l', directory, '-e', validator, '-Dword=keep', '--repair');
  expect(await bodiesIn(directory)).toEqual(['keep this', 'keep that']);
});

test('tells what is wrong with a validator, and changes nothing', async () => {
  const directory = await filled(['a']);
  const own = ownDirectory();
  const write = (name: string, text: string): string => {
    fs.writeFileSync(path.join(own, name), text);
    return path.join(own, name);
  };
  const results: Awaited<ReturnType<typeof run>>[] = [];
  // One after the other: a directory that another run has open is refused.
  for (const file of [
    path.join(own, 'none.ts'),
    write('no-function.ts', 'export default 5;'),
    write('throws.ts', "export default () => { throw new Error('mine'); };"),
    write('async.ts', 'export default async () => true;'),
    write('wrong.ts', 'export default ((;'),
  ])
    results.push(await run('fcintegrity', '-l', directory, '-e', file, '--repair'));
  expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1]);
  const codes = results.map(({ stderr }) => /^[A-Z_]+/m.exec(stderr)?.[0]);
  expect(codes).toEqual(['FILE_NOT_FOUND', 'CONFIG_INVALID', 'USER_FUNCTION', 'USER_FUNCTION', 'CONFIG_INVALID']);
  expect(await bodiesIn(directory)).toEqual(['a']);
}, 60_000);

test('takes keys from files and from the environment', async () => {
  const key = randomBytes(32);
  const directory = await filled(['secret'], new Keys(new Map([['k1', key]]), 'k1'));
  const file = path.join(ownDirectory(), 'k1.key');
  fs.writeFileSync(file, key, { mode: 0o600 });
  const without = await run('fcintegrity', '-l', directory);
  expect([without.code, without.stdout]).toEqual([
    0,
    expect.stringContaining('encrypted   1 with k1; 1 were not decrypted (--key NAME=FILE)'),
  ]);
  for (const [word, env] of [
    [`k1=${file}`, {}],
    ['k1=env:THE_KEY', { THE_KEY: key.toString('base64') }],
  ] as const) {
    const { code, stdout } = await startCli(['tool', 'fcintegrity', '-l', directory, '--key', word], env).ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining('encrypted   1 with k1\n')]);
  }
  const wrong = await run('fcintegrity', '-l', directory, '--key', 'k1');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('expected NAME=FILE or NAME=env:VARIABLE')]);
});

test('refuses what a channel has open, and words that it does not know', async () => {
  const directory = ownDirectory();
  await started(directory);
  const [locked, none, unknown, missing] = await Promise.all([
    run('fcintegrity', '-l', directory),
    run('fcintegrity'),
    run('fcintegrity', '-l', '/tmp', '--fix'),
    run('other'),
  ]);
  expect([locked.code, locked.stderr]).toEqual([1, expect.stringContaining('CHANNEL_LOCKED')]);
  expect([none.code, unknown.code, missing.code]).toEqual([2, 2, 2]);
  expect(none.stderr).toContain('give the directories: -l DIR[,DIR]');
});
