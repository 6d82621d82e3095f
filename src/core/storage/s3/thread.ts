/** The way to the thread that talks to S3 for this process: an answer is waited for as any other, or without a turn of the event loop. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { StreamjobError } from '../../errors.ts';
import { ofProcess } from '../../machine.ts';
import { moduleUrl } from '../../module-url.ts';
import { BOOT, BOOT_ARGUMENTS, bootData } from '../../thread-boot.ts';
import { type AnsweredS3, type AskedS3, mostMsOf, type S3Answers, type S3Failure, type S3Request } from './requests.ts';
import type { S3ThreadData } from './serve.ts';

/** The thread is told after so many ms that it takes too long; who waits does so a little longer. */
const LONGER_MS = 10_000;

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The way to the thread. It ends with the process, and does not hold it while nobody waits for an answer. */
class S3Thread {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;
  #failed: Error | undefined;

  /** @param program a file that looks by itself whether it is this thread; undefined: our own module */
  constructor(program: URL | undefined) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: S3ThreadData = { ...bootData(moduleUrl('storage-thread').href), streamjobStorage: port2 };
    const options = { workerData, transferList: [port2], name: 'streamjob-storage' };
    const worker =
      program === undefined
        ? new Worker(BOOT, { ...options, eval: true, execArgv: [...BOOT_ARGUMENTS] })
        : new Worker(program, options);
    worker.unref();
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the thread that talks to S3 has ended')));
    port1.on('message', (answered: AnsweredS3) => this.#take(answered));
    port1.unref();
  }

  /** Whether it is of no use any more. */
  get isOver(): boolean {
    return this.#failed !== undefined;
  }

  ask(request: S3Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#send(request, undefined);
      this.#waiting.set(id, { resolve, reject });
      this.#port.ref();
    });
  }

  /** Blocks the thread. */
  askSync(request: S3Request): unknown {
    const signal = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const id = this.#send(request, signal);
    const ended = Atomics.wait(signal, 0, 0, mostMsOf(request) + LONGER_MS);
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: AnsweredS3 } | undefined;
      if (received === undefined) break;
      const { message } = received;
      if (message.id === id) return answerOf(message);
      // One that somebody else waits for.
      this.#take(message);
    }
    throw errorOf({ code: 'ETIMEDOUT', message: `S3 has given no answer (${ended})` });
  }

  #send(request: S3Request, signal: AskedS3['signal']): number {
    const id = this.#ids++;
    const transferred = request.type === 'put' ? [request.body.buffer as ArrayBuffer] : [];
    this.#port.postMessage({ id, request, signal } satisfies AskedS3, transferred);
    return id;
  }

  #take(answered: AnsweredS3): void {
    const waiting = this.#waiting.get(answered.id);
    this.#waiting.delete(answered.id);
    if (this.#waiting.size === 0) this.#port.unref();
    try {
      waiting?.resolve(answerOf(answered));
    } catch (error) {
      waiting?.reject(error as Error);
    }
  }

  #fail(error: Error): void {
    this.#failed = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#port.close();
  }
}

const thread = ofProcess((): { program: URL | undefined; running: S3Thread | undefined } => ({
  program: undefined,
  running: undefined,
}));

/** In a program that is one file: the thread is started from it. */
export function startS3From(program: URL): void {
  thread().program = program;
}

/** Asks S3. @throws Error with a code: ENOENT, EACCES, or the name that S3 gives it */
export async function askS3<R extends S3Request>(request: R): Promise<S3Answers[R['type']]> {
  return (await running().ask(request)) as S3Answers[R['type']];
}

/** The same; blocks the thread. */
export function askS3Sync<R extends S3Request>(request: R): S3Answers[R['type']] {
  return running().askSync(request) as S3Answers[R['type']];
}

function running(): S3Thread {
  const own = thread();
  if (own.running === undefined || own.running.isOver) own.running = new S3Thread(own.program);
  return own.running;
}

function answerOf({ answer, error }: AnsweredS3): unknown {
  if (error !== undefined) throw errorOf(error);
  return answer;
}

function errorOf({ code, message }: S3Failure): Error {
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return new StreamjobError('CONFIG_INVALID', 'a storage in S3 needs a package that is not installed', {
      where: 'storage',
      hint: 'npm install @aws-sdk/client-s3',
      cause: new Error(message),
    });
  }
  return Object.assign(new Error(message), { code });
}
