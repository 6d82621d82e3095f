/** A simulation: hosts, one queue of events, one seed; and the machine for src/core/machine.ts that it all runs on. */
import type realDgram from 'node:dgram';
import type realTls from 'node:tls';
import { type EndTimer, type Machine, replaceMachine } from '../../core/machine.ts';
import { onlyKnown } from './disk/promises.ts';
import { Host, type HostOptions, HostProcess } from './host.ts';
import { SimNetwork } from './net/network.ts';
import { Random } from './random.ts';
import { watchRealCalls } from './real-calls.ts';
import { Scheduler } from './scheduler.ts';
import { serializeToOneLength } from './serialize.ts';
import { Trace } from './trace.ts';

/** What a simulation is made with. */
export interface SimulationOptions {
  /** Everything that happens follows from it. */
  readonly seed: number | string;
  /** How many of the last lines of the trace are kept as text. Default 200. */
  readonly keepLines?: number;
  /** What the wall clocks show at the start, in ms since the epoch. Default 2026-01-01T00:00:00Z. */
  readonly wallMs?: number;
  /** Told of an error that nobody caught in a process, which then ends as Node's do. Default: the run rejects with it. */
  readonly onCrash?: (process: HostProcess, error: unknown) => void;
  /** Whether a call of a process that goes around the machine, and completes in real time, fails the run. Default true. */
  readonly findRealCalls?: boolean;
}

const START_OF_2026 = 1_767_225_600_000;

/** A simulation. */
export class Simulation {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly network: SimNetwork;
  /** The process of the code that builds and looks at the world. */
  readonly world: HostProcess;
  readonly #wallMs: number;
  readonly #findRealCalls: boolean;
  readonly #hosts = new Map<string, Host>();
  #ids = 0;
  #crash: { readonly error: unknown } | undefined;

  constructor({ seed, keepLines = 200, wallMs = START_OF_2026, onCrash, findRealCalls }: SimulationOptions) {
    this.random = new Random(seed);
    this.trace = new Trace(keepLines);
    this.#wallMs = wallMs;
    this.#findRealCalls = findRealCalls !== false;
    // The world is a process as all others, of which the scheduler has to know when it is made.
    const outside = { id: 0, name: 'outside', state: 'running', hold() {} } as const;
    this.scheduler = new Scheduler(this.random.fork('ties').bits(), this.trace, outside, (owner, error) => {
      const process = owner instanceof HostProcess ? owner : undefined;
      process?.kill();
      if (process !== undefined && process !== this.world && onCrash !== undefined) onCrash(process, error);
      else this.#crash ??= { error };
    });
    this.network = new SimNetwork(this.scheduler, this.random.fork('network'), ++this.#ids);
    this.world = this.host('world').spawn('main');
    this.scheduler.world = this.world;
  }

  /** The time, in ms since the start. */
  get now(): number {
    return this.scheduler.now;
  }

  /** The host of that name, which is made when it is asked for first. */
  host(name: string, options?: HostOptions): Host {
    const found = this.#hosts.get(name);
    if (found !== undefined) return found;
    const number = this.#hosts.size + 1;
    const host = new Host(
      name,
      `10.0.${number >> 8}.${number & 0xff}`,
      {
        scheduler: this.scheduler,
        random: this.random.fork(`host ${name}`),
        network: this.network,
        nextId: () => ++this.#ids,
        wallMs: this.#wallMs,
      },
      options,
    );
    this.#hosts.set(name, host);
    return host;
  }

  /** The process whose code is running, for those who are called by it, as subscribers of src/core/points.ts are. */
  get running(): HostProcess | undefined {
    const { current } = this.scheduler;
    return current instanceof HostProcess ? current : undefined;
  }

  /** Adds a line to the trace: what it is about must be the same in two runs of one seed. */
  note(kind: string, detail = ''): void {
    this.trace.add(this.now, kind, this.scheduler.current.name, detail);
  }

  /** The hash of all that happened up to now. */
  traceHash(): string {
    return this.trace.hash();
  }

  /** Resolves after so many ms of simulated time; for the code of the world. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.after(ms, 'sleep', resolve));
  }

  /**
   * Runs events until a condition holds.
   * @param until looked at between two events
   * @param ms how long at most, in simulated ms
   * @returns whether it held in time; false too when nothing is left to happen
   * @throws what nobody caught in a process
   */
  async runUntil(until: () => boolean, ms: number): Promise<boolean> {
    const held = await this.#installed(() =>
      this.scheduler.run({ until: () => this.#crash !== undefined || until(), deadline: this.now + ms }),
    );
    if (this.#crash !== undefined) throw this.#crash.error;
    return held;
  }

  /** Runs all that happens in so many ms of simulated time. @throws what nobody caught in a process */
  async runFor(ms: number): Promise<void> {
    await this.runUntil(() => false, ms);
  }

  /**
   * Runs a script in the world, and everything else, until the script has ended.
   * @param ms how long at most, in simulated ms
   * @returns what the script returned
   * @throws what the script threw, or nobody caught in a process; an Error with the last lines of the trace when it takes too long
   * @example
   * await simulation.play(async () => {
   *   await simulation.host('a').spawn('job').run(() => fs.writeFile('/data/x', 'y'));
   * }, 60_000);
   */
  async play<T>(script: () => Promise<T>, ms: number): Promise<T> {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    this.world
      .run(script)
      .then((value) => {
        outcome = { value };
      })
      .catch((error: unknown) => {
        outcome = { error };
      });
    await this.runUntil(() => outcome !== undefined, ms);
    if (outcome === undefined) {
      const waiting = this.scheduler.waiting === 0 ? 'nothing is left to happen' : `${ms} ms have passed`;
      throw new Error(`the script has not ended, and ${waiting}; last:\n${this.trace.lines.slice(-30).join('\n')}`);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** While events run, the machine is this one, and errors that nobody catches are the running process's. */
  async #installed<T>(run: () => Promise<T>): Promise<T> {
    const back = replaceMachine(this.#machine);
    const kinds = ['uncaughtException', 'unhandledRejection'] as const;
    const before = kinds.map((kind) => process.rawListeners(kind));
    const crashed = (error: unknown): void => this.scheduler.crash(error);
    for (const kind of kinds) process.removeAllListeners(kind).on(kind, crashed);
    const endWatch = this.#findRealCalls ? this.#watch() : undefined;
    try {
      return await run();
    } finally {
      endWatch?.();
      for (const [at, kind] of kinds.entries()) {
        process.removeAllListeners(kind);
        for (const listener of before[at] ?? []) process.on(kind, listener as (error: unknown) => void);
      }
      back();
    }
  }

  #watch(): () => void {
    const isRunning = (): boolean => this.running !== undefined && this.running !== this.world;
    return watchRealCalls(
      isRunning,
      () => this.scheduler.isQueueing,
      (error) => {
        this.#crash ??= { error };
      },
    );
  }

  /** Whose code is running. */
  get #current(): HostProcess {
    const { running } = this;
    if (running === undefined) throw new Error(`${this.scheduler.current.name} is no process: it has no machine`);
    return running;
  }

  readonly #machine: Machine = this.#makeMachine();

  #makeMachine(): Machine {
    const current = (): HostProcess => this.#current;
    const after = (ms: number, run: () => void): EndTimer => {
      const own = current();
      // As Node: whole ms, and at least one.
      return own.after(own.host.clock.trueMs(Math.max(1, Math.trunc(ms))), 'timer', run);
    };
    return {
      wallMs: () => current().host.clock.wallMs(),
      monotonicMs: () => current().host.clock.monotonicMs(),
      after,
      every(ms, run) {
        const own = current();
        let end: EndTimer;
        const again = (): void => {
          end = own.after(own.host.clock.trueMs(Math.max(1, Math.trunc(ms))), 'timer', () => {
            again();
            run();
          });
        };
        again();
        return () => end();
      },
      soon: (run) => current().soon(run),
      random: () => current().random.unit(),
      bytes: (count) => current().random.bytes(count),
      uuid: () => current().random.uuid(),
      get process() {
        return current();
      },
      get fs() {
        return current().fs;
      },
      get fsSync() {
        return current().fsSync;
      },
      get net() {
        return current().net;
      },
      openDatabase: (directory) => current().openDatabase(directory),
      serialize: serializeToOneLength,
      tls: onlyKnown({}, 'tls') as typeof realTls,
      dgram: onlyKnown({}, 'dgram') as typeof realDgram,
    };
  }
}
