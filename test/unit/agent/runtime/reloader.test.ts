/** When a file that changes is used: not while it is being written, once, and again where the machine was in the way. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Reloader } from '../../../../src/agent/runtime/reload.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { StreamjobError } from '../../../../src/core/errors.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { settle } from '../channels/use.ts';

/** What the file says at each reading; the last one stays. */
let readings: string[] = [];
let putBack = (): void => {};

beforeEach(() => {
  const readFile = async (): Promise<string> => (readings.length > 1 ? (readings.shift() ?? '') : (readings[0] ?? ''));
  const fs = { ...realMachine.fs, readFile: readFile as unknown as typeof realMachine.fs.readFile };
  putBack = replaceMachine({ ...realMachine, fs });
});
afterEach(() => putBack());

/** A reloader that looks every 30 s, and what was used of the file. */
function watching(fails: (text: string) => StreamjobError | undefined = () => undefined) {
  const clock = new ManualClock();
  const { log, lines } = collectingLogger();
  const used: string[] = [];
  const apply = async ([one]: readonly { readonly text: string }[]): Promise<boolean> => {
    used.push(one?.text ?? '');
    const error = fails(one?.text ?? '');
    if (error !== undefined) throw error;
    return true;
  };
  const given = { places: ['f'], backup: undefined, clock, log, apply };
  const reloader = new Reloader(given, [{ file: 'f', text: 'first' }]);
  const over = new AbortController();
  const watch = reloader.watch(30_000, over.signal);
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  return { reloader, used, lines, pass, over, watch };
}

it('uses a file when it has been the same for a second', async () => {
  const { used, pass, over, watch } = watching();
  readings = ['first'];
  await pass(30_000);
  readings = ['fir', 'firs', 'second', 'second', 'never read'];
  await pass(30_000);
  await pass(1000);
  await pass(1000);
  expect(used).toEqual([]);
  await pass(1000);
  expect(used).toEqual(['second']);
  readings = ['second'];
  await pass(300_000);
  expect(used).toEqual(['second']);
  over.abort();
  await watch;
});

it('tries a file again that the machine was in the way of, and no other', async () => {
  let code: 'PORT_IN_USE' | 'CONFIG_INVALID' = 'CONFIG_INVALID';
  const { used, lines, pass } = watching(() => new StreamjobError(code, `because of ${code}`));
  const look = async (): Promise<void> => {
    await pass(30_000);
    await pass(1000);
  };
  readings = ['wrong'];
  for (let i = 0; i < 5; i++) await look();
  expect(used).toEqual(['wrong']);
  code = 'PORT_IN_USE';
  readings = ['taken'];
  for (let i = 0; i < 3; i++) await look();
  expect(used.filter((text) => text === 'taken').length).toBeGreaterThan(1);
  expect(lines.map(({ message }) => message.split('because')[1])).toEqual([' of CONFIG_INVALID', ' of PORT_IN_USE']);
});

it('uses a file at once when it is told to, also one that says the same', async () => {
  const { reloader, used } = watching();
  readings = ['first'];
  expect(await reloader.now()).toBe(true);
  expect(used).toEqual(['first']);
});
