/** Members of a crew that are worker threads of this process: how they are started, spoken to, connected and ended. */

import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf } from '../../core/errors.ts';
import { after } from '../../core/machine.ts';
import { countShared, sharedBytes } from '../../core/shared-memory.ts';
import { BOOT, BOOT_ARGUMENTS, bootData } from '../../core/thread-boot.ts';
import type { FromMember, MemberStart } from '../crew/messages.ts';
import type { Launcher, MemberLink, MemberListener, Transport } from '../crew/transport.ts';
import { BUILD_PLACE, type ToThread, type WorkerStart } from './messages.ts';

/** Input lies in memory that all threads of the process see. */
export const sharedMemory: Launcher['memory'] = {
  take: sharedBytes,
  holds: ({ buffer }) => buffer instanceof SharedArrayBuffer,
  view: ({ buffer, byteOffset, length }) => {
    countShared(length);
    return Buffer.from(buffer, byteOffset, length);
  },
};

/** Members of a crew that are worker threads of this process. */
export const threadLauncher: Launcher = {
  ...BUILD_PLACE,
  lostHint: 'look for what ends a thread: memory, process.exit(), an error outside of the stream',
  memory: sharedMemory,
  // On a machine with one core still two, so that a job is run there as it is elsewhere.
  mostMembers: Math.max(2, availableParallelism()),
  open: () => new Threads(),
};

class Threads implements Transport {
  readonly #workers: Worker[] = [];

  launch(start: MemberStart, listener: MemberListener): MemberLink {
    const workerData: WorkerStart = {
      ...start,
      ...bootData(start.job.entry),
    };
    const name = `streamjob-${start.member}`;
    const worker = new Worker(BOOT, { eval: true, workerData, execArgv: [...BOOT_ARGUMENTS], name });
    this.#workers.push(worker);
    worker.on('message', (message: FromMember) => listener.message(message));
    worker.on('error', (error) => listener.lost(messageOf(error), error));
    worker.on('exit', (code) => listener.lost(`it exited with code ${code}`));
    return {
      send: (message) => worker.postMessage(message satisfies ToThread),
      end: () => end(worker),
    };
  }

  connect(): void {
    for (const [a, first] of this.#workers.entries()) {
      for (const [b, second] of this.#workers.entries()) {
        if (b <= a) continue;
        const { port1, port2 } = new MessageChannel();
        first.postMessage({ type: 'peer', member: b, port: port1 } satisfies ToThread, [port1]);
        second.postMessage({ type: 'peer', member: a, port: port2 } satisfies ToThread, [port2]);
      }
    }
  }
}

/** How long a worker may take to end by itself, in ms. */
const END_MS = 1000;

/**
 * Workers are asked to end, so that none is ended in the middle of a write of lmdb: the native part of it would wait for a lock of its
 * own for ever, and the process with it. One that does not hear is in a function that does not return, and is ended by force.
 */
async function end(worker: Worker): Promise<void> {
  // So it is with one that has exited.
  if (worker.threadId === -1) return;
  let endTimer = (): void => {};
  const late = new Promise<void>((resolve) => {
    endTimer = after(END_MS, resolve);
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage({ type: 'end' } satisfies ToThread);
  await Promise.race([exited, late]);
  endTimer();
  await worker.terminate();
}
