/**
 * Measures what a process spends its time on, thread by thread, for some seconds, when somebody asks: by the profiler of V8, through the
 * inspector of Node. Nothing is loaded or measured before. Worker threads are reached through the main thread (domain NodeWorker of Node's
 * inspector), so that nothing has to run in them.
 */

import type { Profiler as V8 } from 'node:inspector';
import { Session } from 'node:inspector';
import { findSourceMap } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleHere } from '../../core/bundles-here.ts';
import { after } from '../../core/machine.ts';
import { type FlameNode, flameTree } from './flame-tree.ts';

/** What a thread did. */
export interface ThreadProfile {
  /** 'main', or what the worker is called: `streamjob-0` runs the first partition. */
  readonly thread: string;
  /** How long it was watched, in ms. */
  readonly durationMs: number;
  /** How long of that it had nothing to do. */
  readonly idleMs: number;
  readonly root: FlameNode;
}

/** From one sample to the next, in µs. */
const SAMPLE_US = 1000;
/** How long a thread may take to answer: one whose function does not return never does. */
const ANSWER_MS = 5000;

/** One at a time. */
export class Profiler {
  #running: Promise<ThreadProfile[]> | undefined;

  /**
   * Watches all threads. Whoever asks meanwhile gets the same.
   * @param seconds at least 1, at most 60
   */
  profile(seconds: number): Promise<ThreadProfile[]> {
    this.#running ??= watch(seconds * 1000).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}

async function watch(ms: number): Promise<ThreadProfile[]> {
  const session = new Session();
  session.connect();
  try {
    const workers = new Workers(session);
    await workers.find();
    const main: Thread = { name: 'main', ask: (method, parameters) => post(session, method, parameters) };
    const threads = [main, ...workers.threads];
    const started = await Promise.all(threads.map((thread) => begin(thread)));
    // A job that ends meanwhile does not wait for this.
    await new Promise<void>((resolve) => after(ms, resolve, false));
    const profiles = await Promise.all(
      threads.map((thread, i) => (started[i] === true ? end(thread) : Promise.resolve(undefined))),
    );
    return profiles.filter((profile) => profile !== undefined);
  } finally {
    // This ends what is measured, too.
    session.disconnect();
  }
}

interface Thread {
  readonly name: string;
  readonly ask: (method: string, parameters?: object) => Promise<unknown>;
}

/** @returns whether it is measured from now on */
async function begin({ ask }: Thread): Promise<boolean> {
  try {
    await ask('Profiler.enable');
    await ask('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    await ask('Profiler.start');
    return true;
  } catch {
    return false;
  }
}

/** Undefined: the thread has ended meanwhile, or does not answer. */
async function end({ ask, name }: Thread): Promise<ThreadProfile | undefined> {
  try {
    const { profile } = (await ask('Profiler.stop')) as { readonly profile: V8.Profile };
    return { thread: name, durationMs: (profile.endTime - profile.startTime) / 1000, ...flameTree(profile, placeOf) };
  } catch {
    return undefined;
  }
}

/** As the user knows it: by the source map of a bundle, and below the working directory without it. */
function placeOf(url: string, line: number, column: number): string {
  const found = findSourceMap(bundleHere(url) ?? url)?.findEntry(line - 1, column - 1);
  const isMapped = found !== undefined && 'originalSource' in found;
  const file = pathOf(isMapped ? found.originalSource : url);
  const relative = path.isAbsolute(file) ? path.relative(process.cwd(), file) : file;
  const shown = relative.startsWith('..') ? file : relative;
  return `${shown}:${isMapped ? found.originalLine + 1 : line}`;
}

function pathOf(url: string): string {
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : url;
  } catch {
    return url;
  }
}

function post(session: Session, method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

interface WorkerMessage {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** The worker threads of the process. */
class Workers {
  readonly #session: Session;
  readonly #found: { readonly id: string; readonly name: string }[] = [];
  readonly #asked = new Map<number, (message: WorkerMessage) => void>();
  #number = 0;

  constructor(session: Session) {
    this.#session = session;
    // The types of Node do not know the domain.
    const events = session as unknown as { on(name: string, listen: (message: { params: Named }) => void): void };
    events.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
      this.#found.push({
        id: sessionId,
        name: workerInfo?.title.replace(/^\[worker \d+\] ?/, '') || `worker ${sessionId}`,
      });
    });
    events.on('NodeWorker.receivedMessageFromWorker', ({ params: { message = '{}' } }) => {
      const answer = JSON.parse(message) as WorkerMessage;
      if (answer.id !== undefined) this.#asked.get(answer.id)?.(answer);
    });
  }

  async find(): Promise<void> {
    // Those that run are told of before the answer.
    await post(this.#session, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  get threads(): Thread[] {
    return this.#found.map(({ id, name }) => ({
      name,
      ask: (method, parameters) => this.#ask(id, method, parameters),
    }));
  }

  async #ask(sessionId: string, method: string, parameters: object = {}): Promise<unknown> {
    const id = ++this.#number;
    try {
      return await new Promise((resolve, reject) => {
        const endTimer = after(ANSWER_MS, () => reject(new Error(`${method} was not answered`)), false);
        this.#asked.set(id, ({ error, result }) => {
          endTimer();
          if (error === undefined) resolve(result);
          else reject(new Error(error.message));
        });
        const message = JSON.stringify({ id, method, params: parameters });
        post(this.#session, 'NodeWorker.sendMessageToWorker', { sessionId, message }).catch(reject);
      });
    } finally {
      this.#asked.delete(id);
    }
  }
}

/** What the domain tells. */
interface Named {
  readonly sessionId: string;
  readonly workerInfo?: { readonly title: string };
  readonly message?: string;
}
