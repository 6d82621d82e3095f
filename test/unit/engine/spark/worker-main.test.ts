/** A worker that is kept: what an attempt leaves that Spark does not take. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LAST_LINE } from '../../../../src/engine/spark/bridge.ts';
import { TOKEN_VARIABLE } from '../../../../src/engine/spark/keeper.ts';
import { unpacked } from '../../../../src/engine/spark/rows.ts';
import type { TaskEnd } from '../../../../src/engine/spark/work.ts';
import { ownDirectory } from '../../../kit/directory.ts';

const source = (name: string): string => JSON.stringify(path.resolve('src', name));

/** Something has been added to its accumulator, and written, before the first task ends. */
const PROGRAM = `
import { serveTasks } from ${source('engine/spark/worker-main.ts')};
import { Graph } from ${source('graph/graph.ts')};
let sum = 0;
const graph = new Graph(1000, () => undefined);
graph.accumulators.register({
  get isZero() { return sum === 0; },
  ship: () => sum,
  reset: () => { sum = 0; },
  receive: () => {},
});
void serveTasks(async () => {
  sum = 5;
  console.log('a function says so');
  return { graph, accumulators: graph.accumulators, description: 'the graph' };
});
`;

/** @returns runs a task of these lines, and gives what its end says; undefined: it had none */
async function keptWorker(): Promise<(...lines: readonly string[]) => Promise<TaskEnd | undefined>> {
  const program = path.join(ownDirectory(), 'program.mts');
  writeFileSync(program, PROGRAM);
  const worker = fork(program, ['kept'], {
    execArgv: ['--conditions=streamjob-source', '--import', 'tsx'],
    env: { ...process.env, [TOKEN_VARIABLE]: 'token' },
  });
  onTestFinished(() => void worker.kill());
  const keeper = net.createServer({ pauseOnConnect: true }, (socket) => worker.send('task', socket));
  await new Promise<void>((resolve) => keeper.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void keeper.close());
  return async (...lines) => {
    const idle = once(worker, 'message');
    const socket = net.connect((keeper.address() as net.AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    let text = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
    });
    socket.write(['token', ...lines, ''].join('\n'), () => {
      // Spark kills the shell of an attempt that it does not need any more.
      if (lines.at(-1) !== LAST_LINE) socket.destroy();
    });
    await idle;
    const [, , data] = text.split('\n')[0]?.split('\t') ?? [];
    return data === undefined ? undefined : (unpacked(data) as TaskEnd);
  };
}

test('the next task does not bring what a lost attempt has added and written', async () => {
  const run = await keptWorker();
  expect(await run()).toBeUndefined();
  expect(await run(LAST_LINE)).toMatchObject({ accumulators: [], wrote: { lines: [], more: 0 } });
});

test('a task whose rows have all come brings them', async () => {
  const run = await keptWorker();
  expect(await run(LAST_LINE)).toMatchObject({ accumulators: [[0, 5]], wrote: { lines: ['a function says so'] } });
});
