/** What came of one seed of a simulation: what a test looks at. */

import { StreamjobError } from '../../core/errors.ts';
import type { EventInit } from '../../core/event.ts';
import { didYouMean } from '../../core/registry.ts';
import type { DeadLetter } from '../../flow/output/dead-letters.ts';
import type { BatchResult } from './kit-graph.ts';
import type { SimulatedFault } from './simulated-faults.ts';

/** An event that a peer had. */
export interface SimulatedEvent {
  /** From 0. */
  readonly number: number;
  /** As it was sent. */
  readonly event: EventInit;
  /** Who sent it: 'flume0', 'spark0'. */
  readonly peer: string;
  /** How often it was sent to the job. */
  readonly sent: number;
  /** When its peer was told "delivered" first, in ms of simulated time since the start; undefined: never. */
  readonly deliveredAt: number | undefined;
}

/** What an output has written into a store for one batch. */
export interface WrittenBatch<T> extends BatchResult<T> {
  /** When it took effect, in ms of simulated time since the start. */
  readonly at: number;
}

/** A promise that was not kept. */
export interface BrokenPromise {
  /**
   * 'wedge': when all faults were over, not everything was delivered in bounded time; 'stop': a graceful stop did not end; 'crash': an
   * error that nobody caught ended a process; 'damage': an error that only damaged data leads to; 'check': the test's own check threw.
   */
  readonly promise: 'wedge' | 'stop' | 'crash' | 'damage' | 'check';
  /** What did not hold, in words. */
  readonly what: string;
  /** In ms of simulated time since the start. */
  readonly at: number;
}

/** All that is known of a run. @internal */
export interface RunFacts {
  readonly seed: number;
  readonly events: readonly SimulatedEvent[];
  readonly written: ReadonlyMap<string, readonly WrittenBatch<unknown>[]>;
  readonly files: ReadonlyMap<string, string>;
  readonly deadLetters: readonly DeadLetter[];
  readonly printed: string;
  readonly starts: number;
  readonly faults: Readonly<Partial<Record<SimulatedFault, number>>>;
  readonly simulatedMs: number;
  readonly hash: string;
  readonly story: readonly string[];
  readonly broken: readonly BrokenPromise[];
}

/** What came of one seed. */
export class SimulatedRun {
  /** What everything follows from. */
  readonly seed: number;
  /** All events that the peers had, by their numbers. */
  readonly events: readonly SimulatedEvent[];
  /** What is in the job's directory (`world.directory`) at the end: the files' texts by their paths in it, '/' between names. */
  readonly files: ReadonlyMap<string, string>;
  /** With onPoison: 'skip', the values that functions threw on. */
  readonly deadLetters: readonly DeadLetter[];
  /** What `print` printed. */
  readonly printed: string;
  /** How often the job was started. */
  readonly starts: number;
  /** How often each kind of fault came. */
  readonly faults: RunFacts['faults'];
  /** How long it took, in ms of simulated time. */
  readonly simulatedMs: number;
  /** Of all that happened: two runs of one seed have the same, or something in the job is not simulated (Date.now, Math.random). */
  readonly hash: string;
  /** What happened, a line each: the time, who, and what. */
  readonly story: readonly string[];
  /** The promises that were not kept; empty unless `onBroken` is 'return'. */
  readonly broken: readonly BrokenPromise[];
  readonly #facts: RunFacts;

  /** @internal */
  constructor(facts: RunFacts) {
    this.seed = facts.seed;
    this.events = facts.events;
    this.files = facts.files;
    this.deadLetters = facts.deadLetters;
    this.printed = facts.printed;
    this.starts = facts.starts;
    this.faults = facts.faults;
    this.simulatedMs = facts.simulatedMs;
    this.hash = facts.hash;
    this.story = facts.story;
    this.broken = facts.broken;
    this.#facts = facts;
  }

  /** @internal The same run with one more promise that was not kept. */
  alsoBroke(promise: BrokenPromise['promise'], what: string): SimulatedRun {
    return new SimulatedRun({ ...this.#facts, broken: [...this.broken, { promise, what, at: this.simulatedMs }] });
  }

  /**
   * What was written with the store of this name, batch by batch, in the order in which it took effect. The values are what the job wrote:
   * `T` is the caller's word for it.
   * @throws StreamjobError CONFIG_UNKNOWN when the job asked for no store of this name
   * @example run.batches<[string, number]>('counts').at(-1)?.values
   */
  batches<T = unknown>(store: string): readonly WrittenBatch<T>[] {
    const found = this.#facts.written.get(store);
    if (found !== undefined) return found as readonly WrittenBatch<T>[];
    const known = [...this.#facts.written.keys()];
    throw new StreamjobError('CONFIG_UNKNOWN', `the job has no store ${JSON.stringify(store)}`, {
      where: 'SimulatedRun',
      hint: `${didYouMean(store, known)}stores are ${known.join(', ') || 'none: world.store(name) makes one'}`,
    });
  }

  /**
   * All rows that were written with the store of this name, in the order in which they took effect.
   * @throws StreamjobError CONFIG_UNKNOWN when the job asked for no store of this name
   * @example run.rows<[string, number]>('counts')
   */
  rows<T = unknown>(store: string): readonly T[] {
    return this.batches<T>(store).flatMap(({ values }) => values);
  }

  /**
   * The lines that `saveAsTextFiles` has written below a prefix, batch by batch.
   * @param prefix as the job gave it, without the directory and the slash behind it
   * @example run.lines('words') // of saveAsTextFiles(`${world.directory}/words`)
   */
  lines(prefix: string): readonly string[] {
    return [...this.files]
      .filter(([path]) => path.startsWith(prefix) && /\/part-\d+$/.test(path))
      .flatMap(([, text]) => text.split('\n'))
      .filter((line) => line !== '');
  }
}
