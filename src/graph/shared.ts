/** Shared variables: a broadcast value that all functions read, and accumulators that they add to. Source: Spark's Broadcast and AccumulatorV2. */
import { StreamjobError } from '../core/errors.ts';

/** A value for all functions. */
export class Broadcast<T> {
  #value: { readonly value: T } | undefined;

  constructor(value: T) {
    this.#value = { value };
  }

  /** The value. @throws StreamjobError CONTEXT_STATE after destroy() */
  get value(): T {
    if (this.#value !== undefined) return this.#value.value;
    throw new StreamjobError('CONTEXT_STATE', 'the broadcast variable was destroyed', {
      hint: 'make a new one with ssc.broadcast',
    });
  }

  /** Lets go of the value for good. */
  destroy(): void {
    this.#value = undefined;
  }
}

/** Adds up what functions give it. Added to in a function that is run again, it counts again: exact only in outputs. */
export interface Accumulator<In, Out> {
  add(value: In): void;
  readonly value: Out;
  /** Whether nothing has been added; `add(0)` is something. */
  readonly isZero: boolean;
  merge(other: this): void;
  reset(): void;
}

/** Adds numbers up. */
export class NumberAccumulator implements Accumulator<number, number> {
  #count = 0;
  #sum = 0;

  add(value: number): void {
    this.#count++;
    this.#sum += value;
  }

  /** How many numbers were added. */
  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The mean; NaN when nothing was added. */
  get avg(): number {
    return this.#sum / this.#count;
  }

  get value(): number {
    return this.#sum;
  }

  get isZero(): boolean {
    return this.#count === 0;
  }

  merge(other: NumberAccumulator): void {
    this.#count += other.#count;
    this.#sum += other.#sum;
  }

  reset(): void {
    this.#count = 0;
    this.#sum = 0;
  }

  /** @internal What was added, as another thread is told of it. */
  ship(): unknown {
    return [this.#count, this.#sum];
  }

  /** @internal */
  receive(shipped: unknown): void {
    const [count, sum] = shipped as [number, number];
    this.#count += count;
    this.#sum += sum;
  }
}

/** Gathers values in a list; the list is the user's to bound. */
export class CollectionAccumulator<T> implements Accumulator<T, readonly T[]> {
  #values: T[] = [];

  add(value: T): void {
    this.#values.push(value);
  }

  get value(): readonly T[] {
    return this.#values;
  }

  get isZero(): boolean {
    return this.#values.length === 0;
  }

  merge(other: CollectionAccumulator<T>): void {
    for (const value of other.#values) this.add(value);
  }

  reset(): void {
    this.#values = [];
  }

  /** @internal What was added, as another thread is told of it. */
  ship(): unknown {
    return this.#values;
  }

  /** @internal */
  receive(shipped: unknown): void {
    for (const value of shipped as readonly T[]) this.add(value);
  }
}

/** Keeps the greatest of what it is given: how far operators have come. */
export class MaximumAccumulator implements Accumulator<number, number | undefined> {
  #greatest: number | undefined;

  add(value: number): void {
    if (this.#greatest === undefined || value > this.#greatest) this.#greatest = value;
  }

  /** Undefined when nothing was added. */
  get value(): number | undefined {
    return this.#greatest;
  }

  get isZero(): boolean {
    return this.#greatest === undefined;
  }

  merge(other: MaximumAccumulator): void {
    if (other.#greatest !== undefined) this.add(other.#greatest);
  }

  reset(): void {
    this.#greatest = undefined;
  }

  /** What was added, as another thread is told of it. */
  ship(): unknown {
    return this.#greatest;
  }

  /** Adds what another thread has added. */
  receive(shipped: unknown): void {
    this.add(shipped as number);
  }
}

interface Shippable {
  readonly isZero: boolean;
  reset(): void;
  ship(): unknown;
  receive(shipped: unknown): void;
}

/** What a thread has added to accumulators, by their numbers. */
export type ShippedAccumulators = readonly (readonly [index: number, added: unknown])[];

/** All accumulators of a job, in the order of their making, which is the same in each thread that builds the job. */
export class Accumulators {
  readonly #list: Shippable[] = [];

  /** Whether the job has none. */
  get isEmpty(): boolean {
    return this.#list.length === 0;
  }

  register<A extends Shippable>(accumulator: A): A {
    this.#list.push(accumulator);
    return accumulator;
  }

  /** What was added since the last call. */
  take(): ShippedAccumulators {
    return this.#list.flatMap((accumulator, index) => {
      if (accumulator.isZero) return [];
      const shipped = accumulator.ship();
      accumulator.reset();
      return [[index, shipped] as const];
    });
  }

  /** Adds what another thread has taken. */
  receive(shipped: ShippedAccumulators): void {
    for (const [index, added] of shipped) this.#list[index]?.receive(added);
  }
}
