/**
 * The workers of an engine, from start to end. Whoever waits for a worker that ends is told so; a crew that has lost one is of no
 * more use, since each member has a part of everything.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { FROM_SOURCE, moduleUrl } from '../../core/module-url.ts';
import { firstDifference } from './graph-description.ts';
import {
  BUILD_HINT,
  buildFailed,
  type FromWorker,
  type RunReport,
  type ToWorker,
  unpackError,
  type WorkerStart,
} from './messages.ts';

/** What a crew is made from. */
export interface CrewSettings extends Omit<WorkerStart, 'member' | 'loaders' | 'entry'> {
  /** What the main thread's graph looks like. */
  readonly graph: readonly string[];
}

/** A question to a worker, without its number. */
export type Question = DistributedOmit<Extract<ToWorker, { readonly id: number }>, 'id'>;

type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** A worker's first code is plain JavaScript: our sources, in our own tests, need loaders first. */
const BOOT = `
  const { workerData: { loaders, entry } } = require('node:worker_threads');
  const ready = Promise.all(loaders.map((loader) => import(loader).then(({ register }) => register())));
  ready.then(() => import(entry));
`;

/** See the file's head. */
export class Crew {
  readonly #workers: Worker[] = [];
  readonly #questions = new Map<number, Pending<unknown> & { readonly member: number }>();
  #nextQuestion = 0;
  #run:
    | {
        readonly number: number;
        readonly left: Set<number>;
        readonly reports: RunReport[];
        failure: Error | undefined;
        readonly done: Pending<RunReport[]>;
      }
    | undefined;
  #runs = 0;
  #lost: StreamjobError | undefined;
  #closing = false;
  readonly #ready: Pending<readonly string[]>[] = [];
  /** Members that have built the job. */
  readonly #built = new Set<number>();
  /** Whether a batch has run: what `build` began has shown by then whether it works. */
  #hasRun = false;

  private constructor() {}

  /**
   * Starts all workers.
   * @param signal ends the start: a worker may never come to the end of `build`
   * @throws StreamjobError GRAPH_DIFFERS, WORKER_LOST, USER_FUNCTION (building the job threw in a worker); the reason of `signal`
   */
  static async open(settings: CrewSettings, signal: AbortSignal): Promise<Crew> {
    const crew = new Crew();
    const end = new AbortController();
    try {
      signal.throwIfAborted();
      const { graph, ...start } = settings;
      const started = Array.from({ length: start.members }, (_, member) => crew.#start({ ...start, member }));
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: end.signal });
      });
      const graphs = await Promise.race([Promise.all(started), aborted]);
      for (const [member, theirs] of graphs.entries()) {
        const difference = firstDifference(graph, theirs, `worker ${member}`);
        if (difference !== undefined) throw graphDiffers(difference);
      }
      crew.#connect();
      return crew;
    } catch (error) {
      await crew.close();
      throw error;
    } finally {
      end.abort();
    }
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Why it is of no more use; undefined: it is. */
  get lost(): StreamjobError | undefined {
    return this.#lost;
  }

  send(member: number, message: ToWorker): void {
    this.#workers[member]?.postMessage(message);
  }

  broadcast(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  /** @throws what the worker threw; StreamjobError WORKER_LOST */
  ask(member: number, question: Question): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextQuestion++;
    return new Promise((resolve, reject) => {
      this.#questions.set(id, { resolve, reject, member });
      this.send(member, { ...question, id });
    });
  }

  /**
   * Runs a batch on all of them.
   * @param messages for each member
   * @throws what the first worker that failed threw, when all have ended; StreamjobError WORKER_LOST
   */
  run(messages: readonly Omit<Extract<ToWorker, { type: 'run' }>, 'type' | 'run'>[]): Promise<RunReport[]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const number = ++this.#runs;
    return new Promise((resolve, reject) => {
      const left = new Set(messages.keys());
      this.#run = { number, left, reports: [], failure: undefined, done: { resolve, reject } };
      for (const [member, message] of messages.entries()) this.send(member, { type: 'run', run: number, ...message });
    });
  }

  /** Ends the run that is under way; it then throws `reason`, without waiting for anybody. */
  abort(reason: Error): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    this.broadcast({ type: 'abort', run: run.number });
    run.done.reject(reason);
  }

  /**
   * Ends the workers. They are asked to, so that none is ended in the middle of a write of lmdb: the native part of it would wait for a lock
   * of its own for ever, and the process with it. One that does not hear is in a function that does not return, and is ended by force.
   */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map(end));
  }

  #start(start: Omit<WorkerStart, 'loaders' | 'entry'>): Promise<readonly string[]> {
    const { member } = start;
    const workerData: WorkerStart = {
      ...start,
      loaders: FROM_SOURCE ? [loaderUrl('tsx/esm/api'), loaderUrl('tsx/cjs/api')] : [],
      entry: moduleUrl('worker').href,
    };
    const conditions = FROM_SOURCE ? ['--conditions=streamjob-source'] : [];
    const worker = new Worker(BOOT, { eval: true, workerData, execArgv: conditions, name: `streamjob-${member}` });
    this.#workers.push(worker);
    const ready = new Promise<readonly string[]>((resolve, reject) => {
      this.#ready[member] = { resolve, reject };
    });
    worker.on('message', (message: FromWorker) => this.#take(member, message));
    worker.on('error', (error) => this.#lose(member, messageOf(error), error));
    worker.on('exit', (code) => this.#lose(member, `it exited with code ${code}`));
    return ready;
  }

  /** A channel for each two workers. */
  #connect(): void {
    for (const [a, first] of this.#workers.entries()) {
      for (const [b, second] of this.#workers.entries()) {
        if (b <= a) continue;
        const { port1, port2 } = new MessageChannel();
        first.postMessage({ type: 'peer', member: b, port: port1 } satisfies ToWorker, [port1]);
        second.postMessage({ type: 'peer', member: a, port: port2 } satisfies ToWorker, [port2]);
      }
    }
  }

  #take(member: number, message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#built.add(member);
        return this.#ready[member]?.resolve(message.graph);
      case 'unready':
        return this.#ready[member]?.reject(unpackError(message.error));
      case 'answer': {
        const question = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        return question?.resolve(message.value);
      }
      case 'refused': {
        const question = this.#questions.get(message.id);
        this.#questions.delete(message.id);
        return question?.reject(unpackError(message.error));
      }
      case 'ran':
      case 'failed':
        return this.#ended(member, message);
    }
  }

  #ended(member: number, message: Extract<FromWorker, { type: 'ran' | 'failed' }>): void {
    const run = this.#run;
    if (run?.number !== message.run) return;
    run.left.delete(member);
    if (message.type === 'ran') run.reports[member] = message.report;
    else if (!message.aborted || run.failure === undefined) {
      // The others wait for pieces that never come.
      if (run.failure === undefined) this.broadcast({ type: 'abort', run: run.number });
      run.failure ??= unpackError(message.error);
    }
    if (run.left.size > 0) return;
    this.#run = undefined;
    this.#hasRun = true;
    if (run.failure === undefined) run.done.resolve(run.reports);
    else run.done.reject(run.failure);
  }

  #lose(member: number, why: string, cause?: unknown): void {
    if (this.#closing || this.#lost !== undefined) return;
    const ends = 'look for what ends a thread: memory, process.exit(), an error outside of the stream';
    const lost =
      cause !== undefined && !this.#built.has(member)
        ? buildFailed(cause, member)
        : new StreamjobError('WORKER_LOST', `worker ${member} is gone: ${why}`, {
            where: "engine 'threads'",
            hint: `the batch is run again by new workers; if it comes again, ${this.#hasRun ? ends : `${BUILD_HINT}; or ${ends}`}`,
            cause,
          });
    this.#lost = lost;
    for (const { reject } of this.#ready) reject(lost);
    for (const { reject } of this.#questions.values()) reject(lost);
    this.#questions.clear();
    const run = this.#run;
    this.#run = undefined;
    run?.done.reject(lost);
  }
}

/** The ES module: the one that `require` finds does not register where another loader is at work already. */
function loaderUrl(loader: string): string {
  const required = createRequire(import.meta.url).resolve(loader);
  return pathToFileURL(required.replace(/\.cjs$/, '.mjs')).href;
}

function graphDiffers(difference: string): StreamjobError {
  return new StreamjobError('GRAPH_DIFFERS', `the job builds another graph in a worker: ${difference}`, {
    where: "engine 'threads'",
    hint: 'build must make the same graph each time: let nothing in it depend on the time, on random numbers or on what was done before',
  });
}

/** How long a worker may take to end by itself, in ms. */
const END_MS = 1000;

async function end(worker: Worker): Promise<void> {
  // So it is with one that has exited.
  if (worker.threadId === -1) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_MS);
  });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage({ type: 'end' } satisfies ToWorker);
  await Promise.race([exited, late]);
  clearTimeout(timer);
  await worker.terminate();
}
