/**
 * A process of a simulated host. All processes of a simulation run in one Node process: whose code is running is known from the event
 * that is under way, since everything that comes of an event runs before the next one (see scheduler.ts). A process that is killed
 * gets no more events, so that its promises never settle and its code never goes on.
 */
import type { Random } from './random.ts';
import type { Owner, Scheduler, SimEvent } from './scheduler.ts';

/** How a process came to its end: killed, with the host going on, or with the power of the host. */
export type End = 'kill' | 'power';

/** How late a turn of an event loop comes, in ms: until then sockets and files have had theirs. */
const TURN_MS = [0.005, 0.05] as const;

/** A process, from its start to its end; one that is started again is another. */
export class SimProcess implements Owner {
  readonly id: number;
  readonly name: string;
  readonly random: Random;
  readonly scheduler: Scheduler;
  #state: Owner['state'] = 'running';
  #held: SimEvent[] = [];
  #lastTurn = 0;
  readonly #ends = new Set<(end: End) => void>();

  /** @param id no other one of the simulation has it */
  constructor(id: number, name: string, random: Random, scheduler: Scheduler) {
    this.id = id;
    this.name = name;
    this.random = random;
    this.scheduler = scheduler;
  }

  get state(): Owner['state'] {
    return this.#state;
  }

  /** Whether it was not killed. */
  get alive(): boolean {
    return this.#state !== 'dead';
  }

  hold(event: SimEvent): void {
    this.#held.push(event);
  }

  /** Stops it as SIGSTOP does: whatever comes due for it waits until `resume`. */
  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** Lets it go on as SIGCONT does: first comes what it missed, in its order. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const event of this.#held.splice(0)) this.scheduler.release(event);
  }

  /**
   * Ends it at once, as SIGKILL does. Its own code may still be running when it does so itself: until the end of this event, which
   * changes nothing any more.
   */
  kill(end: End = 'kill'): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#held = [];
    this.scheduler.trace.add(this.scheduler.now, end, this.name, '');
    for (const ended of [...this.#ends]) ended(end);
    this.#ends.clear();
  }

  /** Calls `ended` when it is killed. @returns takes that back */
  onEnd(ended: (end: End) => void): () => void {
    this.#ends.add(ended);
    return () => this.#ends.delete(ended);
  }

  /**
   * Runs code in it, in an event of its own.
   * @returns what the code returned; it never settles when the process is killed first
   */
  run<T>(main: () => T | Promise<T>): Promise<T> {
    const { scheduler } = this;
    const caller = scheduler.current;
    return new Promise((resolve, reject) => {
      // The answer is an event of the caller: what it does then is not this process's doing.
      const tell = (settle: () => void): void => void scheduler.after(0, caller, 'told', this.name, settle);
      const start = async (): Promise<T> => main();
      this.#later(0, 'run', '', () => {
        start().then(
          (value) => tell(() => resolve(value)),
          (error: unknown) => tell(() => reject(error)),
        );
      });
    });
  }

  /** Calls `run` in it, so many true ms from now. @returns makes sure that it does not */
  after(ms: number, kind: string, run: () => void): () => void {
    const event = this.#later(ms, kind, '', run);
    return () => {
      if (event !== undefined) this.scheduler.cancel(event);
    };
  }

  /** Calls `run` in the next turn of its event loop, in the order of the calls. */
  soon(run: () => void): void {
    const at = this.scheduler.now + this.random.between(...TURN_MS);
    this.#lastTurn = Math.max(at, this.#lastTurn);
    this.#later(this.#lastTurn - this.scheduler.now, 'turn', '', run);
  }

  #later(ms: number, kind: string, detail: string, run: () => void): SimEvent | undefined {
    return this.#state === 'dead' ? undefined : this.scheduler.after(ms, this, kind, detail, run);
  }
}
