/**
 * Keeps workers on an executor from task to task (see bridge.ts): it listens on the loopback, and hands each connection, unread, to a worker
 * that has nothing to do, or starts another one. It ends when its executor does, or when no task has come for a while.
 *
 * A task often comes while the worker of the one before it says that it is done. It waits a moment for that: a worker that is started has to
 * load the job and to warm up, and its memory stays.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { after, fsSync, monotonicMs, net, randomBytes } from '../../core/machine.ts';
import { isYoungGenerationGiven } from '../../core/young-generation.ts';
import { COPIES_SUFFIX, KEPT_SUFFIX, STARTING_SUFFIX } from './bridge.ts';

/** How a worker finds the token that it has to see. */
export const TOKEN_VARIABLE = 'STREAMJOB_KEEPER_TOKEN';

const LOOK_MS = 1000;
/** So long without a task, in ms, and it ends: a job that goes on starts another one. */
const IDLE_MS = 5 * 60_000;
const TOKEN_BYTES = 24;
/**
 * The most that a worker takes for objects that have just been made, in MB of each half: what newer Nodes take by themselves. Node 20 takes
 * 16, and a word count 6 % more CPU.
 */
const YOUNG_MB = 32;
/** So long does a task wait for a worker, in ms: to start one takes several times that. */
const WAIT_MS = 50;

/**
 * @param program the path of the program, which is what workers run too
 * @param executor the process that the tasks are of
 * @param waitMs how long a task waits for a worker before another one is started, in ms. Default: 50
 */
export function keepWorkers(program: string, executor: number, waitMs: number = WAIT_MS): void {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const workers = new Set<ChildProcess>();
  const idle: ChildProcess[] = [];
  const waiting = new Set<Socket>();
  let lastTask = monotonicMs();
  const end = (): void => {
    fsSync.rmSync(program + KEPT_SUFFIX, { force: true });
    fsSync.rmSync(program + COPIES_SUFFIX, { recursive: true, force: true });
    for (const worker of workers) worker.kill();
    process.exit(0);
  };
  const give = (worker: ChildProcess, socket: Socket): void => {
    worker.send('task', socket);
  };
  const start = (): ChildProcess => {
    const worker = fork(program, ['kept'], {
      // Whoever says how large it is to be (spark.executorEnv.NODE_OPTIONS) knows better.
      execArgv: [...process.execArgv, ...(isYoungGenerationGiven() ? [] : [`--max-semi-space-size=${YOUNG_MB}`])],
      env: { ...process.env, [TOKEN_VARIABLE]: token },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    workers.add(worker);
    worker.on('message', () => {
      const [next] = waiting;
      if (next === undefined) return void idle.push(worker);
      waiting.delete(next);
      give(worker, next);
    });
    // One that is gone takes its task with it: Spark, or the driver, has it run again.
    worker.on('exit', () => {
      workers.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    worker.on('error', () => {});
    return worker;
  };
  const server = net.createServer({ pauseOnConnect: true }, (socket: Socket) => {
    lastTask = monotonicMs();
    socket.on('error', () => {});
    const worker = workers.size === 0 ? start() : idle.pop();
    if (worker !== undefined) return give(worker, socket);
    waiting.add(socket);
    after(waitMs, () => {
      if (waiting.delete(socket)) give(start(), socket);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as { readonly port: number };
    // Only who may read the executor's files may have its work done.
    fsSync.writeFileSync(`${program}${KEPT_SUFFIX}.new`, `${port} ${token}\n`, { mode: 0o600 });
    fsSync.renameSync(`${program}${KEPT_SUFFIX}.new`, program + KEPT_SUFFIX);
    fsSync.rmdirSync(program + STARTING_SUFFIX);
  });
  const look = (): void => {
    if (!lives(executor) || (monotonicMs() - lastTask > IDLE_MS && idle.length === workers.size)) end();
    after(LOOK_MS, look);
  };
  look();
}

function lives(executor: number): boolean {
  try {
    process.kill(executor, 0);
    return true;
  } catch (error) {
    return (error as { readonly code?: string }).code === 'EPERM';
  }
}
