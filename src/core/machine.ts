/**
 * The machine as the rest of the code sees it: its times, timers and turns, its random numbers and ids, its files, databases and
 * sockets. Nothing else calls them (a test holds that), so that a simulator can put another machine in its place as a whole. What is
 * a function here asks the machine of the moment at each call.
 */
import { randomUUID, randomBytes as realBytes } from 'node:crypto';
import realDgram from 'node:dgram';
import realFsSync from 'node:fs';
import realFs from 'node:fs/promises';
import realNet from 'node:net';
import realTls from 'node:tls';
import v8 from 'node:v8';
import type { OpenDatabase, RecordDatabase } from './database.ts';

/** Ends a timer that has not fired, or that fires again and again. */
export type EndTimer = () => void;

/** The machine as the rest of the code sees it. */
export interface Machine {
  /** The time that an administrator can set, in ms since the epoch. */
  wallMs(): number;
  /** A time that never goes back, in ms since some moment. */
  monotonicMs(): number;
  /** Calls `run` once, `ms` milliseconds from now or later, at most 2^31 - 1. @param holds whether the process waits for it */
  after(ms: number, run: () => void, holds: boolean): EndTimer;
  /** Calls `run` every `ms` milliseconds. @param holds whether the process waits for it */
  every(ms: number, run: () => void, holds: boolean): EndTimer;
  /** Calls `run` in the next turn of the event loop, after sockets and files had theirs. */
  soon(run: () => void): void;
  /** A number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
  /** Bytes that nobody can guess. */
  bytes(count: number): Buffer;
  /** An id that no other one is equal to. */
  uuid(): string;
  /** What stands for the process whose code is running. A simulator runs several in one, and each of them has its own. */
  readonly process: object;
  readonly fs: typeof realFs;
  readonly fsSync: typeof realFsSync;
  readonly net: typeof realNet;
  readonly tls: typeof realTls;
  readonly dgram: typeof realDgram;
  /** Opens the database of a directory. @param native opens it on this machine; another one has its own way */
  openDatabase(directory: string, native: OpenDatabase): RecordDatabase;
  /**
   * A value as bytes, which v8.deserialize reads. How many there are depends on how V8 happens to hold numbers and arrays: a machine on
   * which everything is to happen twice the same way makes them equally long.
   * @throws what v8.serialize throws
   */
  serialize(value: unknown): Buffer;
}

/** This machine. */
export const realMachine: Machine = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, run, holds) {
    const timer = setTimeout(run, ms);
    if (!holds) timer.unref();
    return () => clearTimeout(timer);
  },
  every(ms, run, holds) {
    const timer = setInterval(run, ms);
    if (!holds) timer.unref();
    return () => clearInterval(timer);
  },
  soon: (run) => void setImmediate(run),
  random: () => Math.random(),
  bytes: (count) => realBytes(count),
  uuid: () => randomUUID(),
  process,
  fs: realFs,
  fsSync: realFsSync,
  net: realNet,
  tls: realTls,
  dgram: realDgram,
  openDatabase: (directory, native) => native(directory),
  serialize: (value) => v8.serialize(value),
};

let machine = realMachine;

/**
 * Puts another machine in the place of the one that there is, for all code of this thread.
 * @returns puts the one before back
 * @example
 * const back = replaceMachine({ ...realMachine, wallMs: () => 0 });
 * wallMs(); // 0
 * back();
 */
export function replaceMachine(other: Machine): () => void {
  const before = machine;
  machine = other;
  return () => {
    machine = before;
  };
}

/** As of Machine. */
export function wallMs(): number {
  return machine.wallMs();
}

/** As of Machine. */
export function monotonicMs(): number {
  return machine.monotonicMs();
}

/** As of Machine. A timer that holds the process unless it is told not to. */
export function after(ms: number, run: () => void, holds = true): EndTimer {
  return machine.after(ms, run, holds);
}

/** As of Machine. */
export function every(ms: number, run: () => void, holds = true): EndTimer {
  return machine.every(ms, run, holds);
}

/** The longest delay of a timer, in ms. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * What `AbortSignal.timeout` is, in the time of the machine: it aborts `ms` milliseconds from now, and holds no process.
 * @returns the signal, and how its timer is ended when nobody needs it any more
 * @example
 * const { signal, end } = timeoutSignal(1000);
 * await work(signal).finally(end);
 */
export function timeoutSignal(ms: number): { readonly signal: AbortSignal; readonly end: EndTimer } {
  const controller = new AbortController();
  const late = (): void =>
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  return { signal: controller.signal, end: machine.after(Math.min(ms, LONGEST_MS), late, false) };
}

/** As of Machine. */
export function soon(run: () => void): void {
  machine.soon(run);
}

/** Resolves in the next turn of the event loop. */
export function nextLoop(): Promise<void> {
  return new Promise((resolve) => machine.soon(resolve));
}

/** As of Machine. */
export function random(): number {
  return machine.random();
}

/** As of Machine. */
export function randomBytes(count: number): Buffer {
  return machine.bytes(count);
}

/** As of Machine. */
export function uuid(): string {
  return machine.uuid();
}

/** As of Machine. */
export function openDatabase(directory: string, native: OpenDatabase): RecordDatabase {
  return machine.openDatabase(directory, native);
}

/**
 * What each process has one of, and a module would keep in a variable: a simulator that runs several processes in one must not let
 * them share it.
 * @param make makes it, when a process asks for the first time
 * @returns gives that of the process whose code is running
 * @example
 * const counter = ofProcess(() => ({ count: 0 }));
 * counter().count++;
 */
export function ofProcess<T extends object>(make: () => T): () => T {
  const all = new WeakMap<object, T>();
  let owner: object | undefined;
  let last: T | undefined;
  return () => {
    const own = machine.process;
    if (own === owner && last !== undefined) return last;
    owner = own;
    last = all.get(own) ?? make();
    all.set(own, last);
    return last;
  };
}

/** Node's `fs/promises`, of the machine of the moment. */
export const fs: typeof realFs = delegate(() => machine.fs);
/** Node's `fs`, of the machine of the moment. */
export const fsSync: typeof realFsSync = delegate(() => machine.fsSync);
/** Node's `net`, of the machine of the moment. */
export const net: typeof realNet = delegate(() => machine.net);
/** Node's `tls`, of the machine of the moment. */
export const tls: typeof realTls = delegate(() => machine.tls);
/** Node's `dgram`, of the machine of the moment. */
export const dgram: typeof realDgram = delegate(() => machine.dgram);

/** Looks like a module, and hands each use of it on. */
function delegate<T extends object>(target: () => T): T {
  return new Proxy(target(), { get: (_, name) => Reflect.get(target(), name) });
}

/** As of Machine. */
export function serialize(value: unknown): Buffer {
  return machine.serialize(value);
}
