/** Runs a TypeScript block by what it is: a job by the command, a test by vitest, all else by Node. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { Block } from './block.ts';
import { moduleOf } from './compile.ts';
import type { Place } from './page-run.ts';
import { type Ended, Running } from './process.ts';

/** What a job is sent that does not say what it wants. */
const SENT = 'to be or not to be';

/**
 * Runs a block to its end.
 * @returns undefined: it is a component of an agent, which a flume.conf of the page runs
 */
export async function runProgram(place: Place, block: Block): Promise<Ended | undefined> {
  const { directory, env, ports } = place;
  const file = block.words['file'] ?? `block-${block.line}.ts`;
  const code = ports.inCode(moduleOf(block));
  writeFileSync(path.join(directory, file), code);
  if (/^export default define(?!Job)/m.test(code)) return undefined;
  if (file.endsWith('.test.ts')) {
    return await new Running(
      'vitest',
      ['run', '--config', place.project.vitestConfig, '--root', directory, file],
      directory,
      env,
    ).ended;
  }
  const isJob = /^export default defineJob/m.test(code);
  const port = Number(/port: (\d+)/.exec(code)?.[1] ?? /hosts: \['[\w.]+:(\d+)/.exec(code)?.[1]);
  const peer = block.words['peer'] === undefined ? undefined : await startPeer(port);
  try {
    const command = isJob
      ? ['streamjob', 'run', file, '--batches', '1', '--no-ui', '--log-level', 'warn']
      : ['node', '--import', 'tsx', file];
    const running = new Running(command[0] ?? '', command.slice(1), directory, env);
    const send = block.words['send'] ?? (isJob ? SENT : undefined);
    if (send !== undefined) await sendTo(running, port, send.split('|'));
    const signal = block.words['stop'];
    if (signal === 'SIGINT' || signal === 'SIGTERM') running.signal(signal);
    return await running.ended;
  } finally {
    await peer?.stop();
  }
}

/** Resolves when all are acknowledged; rejects with what the process says when it ends before it listens. */
async function sendTo(running: Running, port: number, bodies: readonly string[]): Promise<void> {
  if (!(await running.listening(port))) throw new Error(`it does not listen on port ${port}: ${running.stderr}`);
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
  try {
    await client.appendBatch(bodies.map((body, i) => ({ headers: { id: `${i}` }, body })));
  } finally {
    await client.close();
  }
}

/** A job that takes events and forgets them. */
async function startPeer(port: number): Promise<StreamingContext> {
  const ssc = new StreamingContext({ batchInterval: 50, log: silentLogger });
  ssc.flumeStream({ host: '127.0.0.1', port }).foreachRDD(() => {});
  await ssc.start();
  return ssc;
}
