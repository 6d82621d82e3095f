/** Workers that are kept from task to task, and who gives tasks to them: processes of their own, with a worker that does nothing. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KEPT_SUFFIX, STARTING_SUFFIX } from '../../../../src/engine/spark/bridge.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';

const KEEPER = path.resolve('src/engine/spark/keeper.ts');

/** A worker whose answer is its number; it says that it is done when its client is gone, and a moment later. */
const program = (waitMs: number): string => `
import { keepWorkers } from ${JSON.stringify(KEEPER)};
const [, own, role] = process.argv;
if (role === 'keep') keepWorkers(own, process.ppid, ${waitMs});
else process.on('message', (_, socket) => {
  socket.on('data', (text) => {
    if (String(text) === 'hold') return void socket.write(process.pid + ' ');
    if (String(text) === 'flags') return void socket.end(process.execArgv.join(' '));
    socket.end(process.pid + ' ', () => setTimeout(() => process.send('idle'), 30));
  });
  socket.resume();
});
process.on('disconnect', () => process.exit(0));
`;

/** @returns what asks a worker for its number */
async function keeper(
  waitMs: number,
  env: Record<string, string> = {},
): Promise<(say: string) => Promise<{ worker: string; socket: net.Socket }>> {
  const own = path.join(ownDirectory(), 'program.mts');
  writeFileSync(own, program(waitMs));
  mkdirSync(own + STARTING_SUFFIX);
  const args = ['--conditions=streamjob-source', '--import', 'tsx', own, 'keep'];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill());
  await until(() => existsSync(own + KEPT_SUFFIX) && !existsSync(own + STARTING_SUFFIX));
  const [port = ''] = readFileSync(own + KEPT_SUFFIX, 'utf8').split(' ');
  return (say) =>
    new Promise((resolve, reject) => {
      const socket = net.connect(Number(port), '127.0.0.1', () => socket.write(say));
      socket.once('data', (text) => resolve({ worker: String(text).trim(), socket }));
      socket.on('error', reject);
    });
}

describe('a keeper of workers', () => {
  it('gives a task to the worker of the one before, which is about to be done', async () => {
    const ask = await keeper(60_000);
    const workers = new Set<string>();
    for (let task = 0; task < 5; task++) workers.add((await ask('go')).worker);
    expect(workers.size).toBe(1);
  });

  it('gives workers room for what they have just made, unless their environment says how much', async () => {
    expect((await (await keeper(1))('flags')).worker).toContain('--max-semi-space-size=32');
    const told = await keeper(1, { NODE_OPTIONS: '--max-semi-space-size=8' });
    expect((await told('flags')).worker).not.toContain('semi-space');
  });

  it('starts another worker where the one that there is goes on', async () => {
    const ask = await keeper(1);
    const held = await ask('hold');
    const other = await ask('go');
    expect(other.worker).not.toBe(held.worker);
    held.socket.destroy();
  });
});
