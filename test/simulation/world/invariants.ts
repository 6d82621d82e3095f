/**
 * What must hold in a simulation, looked at whenever something happens that it is about, and at the end. What the job has put out is
 * known from the simulated database, in the order in which its commits took effect.
 */
import type { Written } from '../../../src/simulation/world/database.ts';
import type { Events, Made } from '../../../src/simulation/world/events.ts';
import type { CountRow, EventRow } from './job.ts';
import type { DeadLetters } from './letters.ts';
import { isPoison, type JobPlan, type Plan } from './plan.ts';

/** Something that does not hold. */
export interface Violation {
  /** In ms of simulated time. */
  readonly at: number;
  /** Which promise: 'lost', 'early-acknowledgement', 'twice', 'order', 'state', 'window', 'files', 'letters', 'wedge', 'memory', 'damage', 'crash'. */
  readonly promise: string;
  readonly what: string;
}

/** What must hold. */
export class Invariants {
  readonly violations: Violation[] = [];
  /** Events that were put out, and how often. */
  readonly put = new Map<string, number>();
  /** In the order of their batches: what each put out. */
  readonly #batches: { readonly time: number; readonly keys: readonly string[] }[] = [];
  readonly #last = new Map<string, Written>();
  readonly #counts = new Map<string, number>();
  readonly #plan: JobPlan;
  /** All versions of the job. */
  readonly #versions: readonly JobPlan[];
  readonly #letters: DeadLetters;
  readonly #events: Events;
  readonly #now: () => number;
  /** Nothing goes wrong in this simulation, and nobody waits until it is too late: what was answered too late comes again. */
  readonly #isCalm: boolean;
  /** The last batch with events that is known to have committed, which does not log that it was cut. */
  #committed = Number.NEGATIVE_INFINITY;

  /** @param now in ms of simulated time */
  constructor(
    { bodyBytes, faults, job, other, sinksPerFlume }: Plan,
    events: Events,
    letters: DeadLetters,
    now: () => number,
  ) {
    this.#plan = job;
    this.#versions = other === undefined ? [job] : [job, other];
    this.#letters = letters;
    this.#isCalm = faults.size === 0 && bodyBytes === 0 && sinksPerFlume === 1;
    this.#events = events;
    this.#now = now;
  }

  /** Whether a batch that was cut is run again with the same contents after a crash. */
  get isLogged(): boolean {
    return this.#versions.every(({ ids, reliability }) => ids || reliability === 'store-on-failure');
  }

  /** Whether every version of the job keeps its counts of all batches: one that was without them has not counted meanwhile. */
  get #countsAll(): boolean {
    return this.isLogged && this.#versions.every(({ counts }) => counts);
  }

  /** Whether what was acknowledged is in the counts, at least. */
  get #tellsAll(): boolean {
    const isTold = ({ counts, poison, reliability }: JobPlan): boolean =>
      counts && !poison && reliability === 'end-to-end';
    return !this.isLogged && this.#versions.every(isTold);
  }

  /** Whether every version of the job has the same window: one that gets longer has only what is remembered. */
  get #seesAll(): boolean {
    const [first] = this.#versions;
    return this.isLogged && this.#versions.every(({ window }) => window?.length === first?.window?.length);
  }

  /** Whether an event has come through: an output has it, or it was left out and is a dead letter. */
  isOut(id: string): boolean {
    return this.put.has(id) || (this.#plan.poison && this.#letters.has(id));
  }

  violated(promise: string, what: string): void {
    if (this.violations.length < 20) this.violations.push({ at: this.#now(), promise, what });
  }

  /** A peer of the job was told that the job has an event. */
  acknowledged({ id }: Made): void {
    if (this.#versions.some(({ reliability }) => reliability !== 'end-to-end') || this.put.has(id)) return;
    if (this.#plan.poison && this.#letters.hasOnDisk(id)) return;
    this.violated('early-acknowledgement', `${id} was acknowledged before any output had it`);
  }

  /** An output's write took effect. */
  written(written: Written): void {
    const last = this.#last.get(written.output);
    this.#noteCommit(written);
    this.#last.set(written.output, written);
    if (last !== undefined && this.#isOutOfOrder(last, written)) {
      this.violated('order', `${written.output} of batch ${written.time} was written after that of batch ${last.time}`);
    }
    if (written.output === 'events') this.#eventsOf(written);
    else if (written.output === 'counts') this.#countsOf(written);
    else if (written.output === 'window') this.#windowOf(written);
  }

  /** Only a batch that never committed may be followed by one of an earlier time: nobody logged it, and it was cut anew in the next run. */
  #isOutOfOrder(last: Written, { run, time }: Written): boolean {
    if (this.isLogged || last.run === run) return time <= last.time;
    return time <= this.#committed;
  }

  /** Two outputs of a batch are there, so that it is not given up any more, and its run has gone on to the next one. */
  #noteCommit({ run, time }: Written): void {
    const events = this.#last.get('events');
    const counts = this.#last.get('counts');
    if (events?.run !== run || events.time >= time || events.rows.length === 0) return;
    if (counts?.run === run && counts.time === events.time) this.#committed = events.time;
  }

  /** All is over. @param files ids in the text files, undefined where none are written */
  atEnd(files: readonly string[] | undefined): void {
    for (const { id, forfeited } of this.#events.all.values()) {
      if (!forfeited && !this.isOut(id)) this.violated('lost', `${id} is in no output`);
    }
    if (this.#plan.poison) {
      for (const id of this.#letters.all()) {
        if (!isPoison(id)) this.violated('letters', `${id} is a dead letter, and no function threw on it`);
      }
    }
    if (files === undefined) return;
    const inFiles = new Map<string, number>();
    for (const id of files) inFiles.set(id, (inFiles.get(id) ?? 0) + 1);
    for (const id of this.put.keys()) {
      if (this.#events.all.get(id)?.forfeited === true) continue;
      const times = inFiles.get(id) ?? 0;
      if (times === 0) this.violated('files', `${id} is in no file`);
      if (times > 1 && this.#plan.ids) this.violated('files', `${id} is ${times} times in files`);
    }
  }

  #eventsOf({ time, rows }: Written): void {
    const keys: string[] = [];
    for (const [id, key] of rows as readonly EventRow[]) {
      const made = this.#events.all.get(id);
      if (made === undefined) this.violated('twice', `${id} was never made`);
      const times = (this.put.get(id) ?? 0) + 1;
      // Whoever runs a batch again gives it the id that it had, which the database knows.
      if (made !== undefined && made.sent > 0 && times > made.sent)
        this.violated('twice', `${id} was put out ${times} times, and sent ${made.sent} times`);
      this.put.set(id, times);
      if (this.#plan.poison && isPoison(id)) this.violated('letters', `${id} was put out, and a function threw on it`);
      if (times > 1 && (this.#plan.ids || this.#isCalm))
        this.violated('twice', `${id} was put out ${times} times, again in batch ${time}`);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
      keys.push(key);
    }
    this.#batches.push({ time, keys });
  }

  #countsOf({ time, rows }: Written): void {
    const found = new Map(rows as readonly CountRow[]);
    const told = this.#tellsAll ? this.#events.acknowledgedByKey() : new Map<string, number>();
    for (const [key, expected] of this.#counts) {
      const actual = found.get(key) ?? 0;
      // Without a logged batch, one that put its events out before a kill is not in the state, and comes again in another batch.
      if (this.#countsAll ? actual !== expected : actual > expected) {
        this.violated('state', `the state of ${key} is ${actual} in batch ${time}, outputs have ${expected}`);
      }
      const least = told.get(key) ?? 0;
      if (actual < least) {
        this.violated('state', `the state of ${key} is ${actual} in batch ${time}, ${least} events were acknowledged`);
      }
    }
  }

  #windowOf({ time, rows }: Written): void {
    if (this.#plan.window === undefined) return;
    const from = time - Math.max(...this.#versions.map(({ window }) => window?.length ?? 0));
    const expected = new Map<string, number>();
    for (const batch of this.#batches) {
      if (batch.time <= from || batch.time > time) continue;
      for (const key of batch.keys) expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    const found = new Map(rows as readonly CountRow[]);
    for (const key of new Set([...expected.keys(), ...found.keys()])) {
      const actual = found.get(key) ?? 0;
      const put = expected.get(key) ?? 0;
      // Without a logged batch, one that put its events out before a kill is in no window.
      if (this.#seesAll ? actual !== put : actual > put) {
        this.violated('window', `the window of ${key} is ${actual} in batch ${time}, outputs have ${put}`);
      }
    }
  }
}
