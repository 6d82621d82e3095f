/**
 * The one queue of a simulation: timers, turns of event loops, completions of disk calls, bytes that arrive. The earliest event is
 * taken out, the time jumps to it, and it runs; then every promise job and every `process.nextTick` that came of it runs too, until
 * nothing is left to run, and only then the next event is taken. So all that runs until then belongs to the owner of the event.
 *
 * How that is done: each event runs in a `setImmediate` callback of its own, and Node drains ticks and promise jobs between two of
 * them. A batch of immediates is queued at a time, so that the real event loop is gone round once for many events. Measured with an
 * event of four promise jobs (Node 20, one core of a small server), microseconds each: 0.4 so; 1.3 with one immediate for each turn
 * of the loop; 1.7 with `await` of one; 1.3 with a MessageChannel; 1.4 with 20 times `await null`, which may be too few.
 */
import { mix } from './random.ts';
import type { Trace } from './trace.ts';

/** Whoever an event belongs to: a process. */
export interface Owner {
  readonly id: number;
  readonly name: string;
  /** Events of one that is paused are held until it is continued; those of a dead one never run. */
  readonly state: 'running' | 'paused' | 'dead';
  /** Takes an event that came due while it was paused. */
  hold(event: SimEvent): void;
}

/** Something that happens at a time. */
export interface SimEvent {
  /** In ms of simulated time. */
  at: number;
  readonly owner: Owner;
  readonly kind: string;
  readonly detail: string;
  run: () => void;
  /** Over: it has run, or was cancelled. Held: its owner was paused when it came due. */
  state: 'waiting' | 'held' | 'over';
  tie: number;
  order: number;
}

/** How long a run goes on. */
export interface RunLimits {
  /** Looked at between two events: the run ends when it is true. */
  readonly until?: () => boolean;
  /** The time to stop at, in ms of simulated time. */
  readonly deadline: number;
}

/** Waits for an owner's code to run. */
interface Interruption {
  readonly owner: Owner;
  /** How many of its events pass before. */
  events: number;
  readonly run: () => void;
}

/** So many events are run in one turn of the real event loop. */
const EVENTS_PER_TURN = 256;
/** Events that were cancelled are cleared away when there are more than so many, and more than others. */
const MOST_CANCELLED = 1000;

/** Node's own, also where a test has put fake timers in its place. */
const nextTurn = setImmediate;

/** The queue of events and the time. */
export class Scheduler {
  readonly trace: Trace;
  readonly #seed: number;
  /** A heap: the children of the one at i are at 2i + 1 and 2i + 2, and not before it. */
  #heap: SimEvent[] = [];
  #order = 0;
  #cancelled = 0;
  #now = 0;
  #running = false;
  #isQueueing = false;
  #current: Owner;
  #world: Owner;
  #interruptions: Interruption[] = [];
  readonly #crashed: (owner: Owner, error: unknown) => void;

  /**
   * @param seed breaks ties between processes at the same time
   * @param world whose code runs while no event does
   * @param crashed told of an error that nobody caught in an event
   */
  constructor(seed: number, trace: Trace, world: Owner, crashed: (owner: Owner, error: unknown) => void) {
    this.#seed = seed;
    this.trace = trace;
    this.#world = world;
    this.#current = world;
    this.#crashed = crashed;
  }

  /** The time, in ms since the start of the simulation, with fractions. */
  get now(): number {
    return this.#now;
  }

  /** Whose code runs while no event does. */
  set world(world: Owner) {
    this.#world = world;
    if (!this.#running) this.#current = world;
  }

  /** Whose code is running. */
  get current(): Owner {
    return this.#current;
  }

  /** Whether it asks Node itself for turns just now. */
  get isQueueing(): boolean {
    return this.#isQueueing;
  }

  /** How many events wait. */
  get waiting(): number {
    return this.#heap.length - this.#cancelled;
  }

  /**
   * Adds an event. Those of one owner at one time run in the order in which they were added; those of several in an order of the seed.
   * @param ms from now, in ms
   */
  after(ms: number, owner: Owner, kind: string, detail: string, run: () => void): SimEvent {
    const event: SimEvent = { at: 0, owner, kind, detail, run, state: 'waiting', tie: 0, order: 0 };
    this.#add(event, ms);
    return event;
  }

  /** Adds an event that was held, to run now unless it was cancelled meanwhile. */
  release(event: SimEvent): void {
    if (event.state !== 'held') return;
    event.state = 'waiting';
    this.#add(event, 0);
  }

  /** Somebody did not catch an error that came out of a promise or a tick. */
  crash(error: unknown): void {
    this.#crashed(this.#current, error);
  }

  /** Makes sure that an event never runs. */
  cancel(event: SimEvent): void {
    const { state } = event;
    event.state = 'over';
    event.run = nothing;
    if (state !== 'waiting') return;
    this.#cancelled++;
    if (this.#cancelled > MOST_CANCELLED && this.#cancelled > this.#heap.length / 2) this.#clear();
  }

  /**
   * Runs something for an owner within an event of the kernel, as an arrival of bytes wakes their reader: when the owner is paused it
   * is held, and when it is dead nothing happens. Only as the last thing of an event, since all that comes after it is the owner's.
   */
  enter(owner: Owner, kind: string, run: () => void): void {
    if (owner.state === 'dead') return;
    if (owner.state === 'paused') {
      owner.hold({ at: this.#now, owner, kind, detail: 'late', run, state: 'held', tie: 0, order: 0 });
      return;
    }
    this.#current = owner;
    run();
  }

  /**
   * Calls something in the middle of an owner's event: when so many of its events have passed, and in the next one so many promise jobs,
   * one made by the other. So it comes between any two awaits of the owner's code, where no call of the machine is between them.
   * @returns makes sure that it does not
   */
  interrupt(owner: Owner, events: number, jobs: number, run: () => void): () => void {
    let left = jobs;
    let isOff = false;
    const hop = (): void => {
      if (isOff) return;
      if (left-- > 0) void Promise.resolve().then(hop);
      else run();
    };
    this.#interruptions.push({ owner, events, run: hop });
    return () => {
      isOff = true;
    };
  }

  #interruptCurrent(): void {
    for (const each of this.#interruptions) {
      if (each.owner === this.#current && each.events-- === 0) each.run();
    }
    this.#interruptions = this.#interruptions.filter(({ events, owner }) => events >= 0 && owner.state !== 'dead');
  }

  /**
   * Runs events. Not to be called from an event.
   * @returns whether `until` became true; false at the deadline, or when nothing is left to happen
   * @throws what nobody caught in an event, unless the simulation wants to go on
   */
  run({ until, deadline }: RunLimits): Promise<boolean> {
    if (this.#running) throw new Error('the simulation is running already');
    this.#running = true;
    return new Promise((resolve, reject) => {
      let ahead = 0;
      let over = false;
      const end = (settle: () => void): void => {
        over = true;
        this.#running = false;
        this.#current = this.#world;
        settle();
      };
      const turn = (): void => {
        ahead--;
        if (over) return;
        this.#current = this.#world;
        // The last of a batch runs no event: what Node does before the next one, as somebody's write ends that is none of the simulation's, is
        // nobody's then.
        if (ahead === 0) return fill();
        try {
          if (until?.() === true) return end(() => resolve(true));
          if (!this.#step(deadline)) return end(() => resolve(false));
        } catch (error) {
          return end(() => reject(error));
        }
      };
      const fill = (): void => {
        this.#isQueueing = true;
        for (; ahead < EVENTS_PER_TURN; ahead++) nextTurn(turn);
        this.#isQueueing = false;
      };
      fill();
    });
  }

  /** @returns whether there was an event before the deadline */
  #step(deadline: number): boolean {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || event.at > deadline) {
        // What is waited for did not come: the time has passed all the same.
        if (deadline !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, deadline);
        return false;
      }
      this.#pop();
      if (event.state === 'over') {
        this.#cancelled--;
        continue;
      }
      const { owner } = event;
      if (owner.state === 'dead') continue;
      this.#now = Math.max(this.#now, event.at);
      if (owner.state === 'paused') {
        event.state = 'held';
        owner.hold(event);
        continue;
      }
      event.state = 'over';
      this.trace.add(this.#now, event.kind, owner.name, event.detail);
      this.#current = owner;
      try {
        event.run();
      } catch (error) {
        this.#crashed(this.#current, error);
      }
      if (this.#interruptions.length > 0) this.#interruptCurrent();
      return true;
    }
  }

  #add(event: SimEvent, ms: number): void {
    // Whole microseconds, so that sums of fractions are the same however they came about.
    const micros = Math.round((this.#now + Math.max(0, ms)) * 1000);
    event.at = micros / 1000;
    event.tie = mix(this.#seed ^ Math.imul(event.owner.id, 0x9e3779b1) ^ micros);
    event.order = this.#order++;
    this.#push(event);
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as SimEvent;
      if (!isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    this.#sink(0, last);
  }

  /** Puts an event at a place or below it. */
  #sink(from: number, event: SimEvent): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as SimEvent, heap[below] as SimEvent)) below++;
      const child = heap[below] as SimEvent;
      if (!isBefore(child, event)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = event;
  }

  /** Throws away what was cancelled. */
  #clear(): void {
    this.#heap = this.#heap.filter(({ state }) => state !== 'over');
    this.#cancelled = 0;
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at, this.#heap[at] as SimEvent);
  }
}

function nothing(): void {}

function isBefore(a: SimEvent, b: SimEvent): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.order - b.order < 0;
}
