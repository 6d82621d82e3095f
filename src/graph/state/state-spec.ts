/** What mapWithState takes: a function over key, value and state, with an initial state and a timeout. Source: Spark's StateSpec and State. */

import { type DurationLike, durationMs } from '../../core/duration.ts';
import { StreamjobError } from '../../core/errors.ts';
import { checkOptions, count, fn } from '../../core/options.ts';
import type { Sync } from '../functions.ts';
import type { StateSchema } from './form.ts';

/** The state of one key, as a function sees it during one call. */
export class State<S> {
  #value: S | undefined;
  #exists: boolean;
  #updated = false;
  #removed = false;
  readonly #timingOut: boolean;

  /** @internal States are made by mapWithState. */
  constructor(value: S | undefined, exists: boolean, timingOut: boolean) {
    this.#value = value;
    this.#exists = exists;
    this.#timingOut = timingOut;
  }

  /** Whether there is a state. */
  exists(): boolean {
    return this.#exists;
  }

  /** The state. @throws StreamjobError EMPTY_COLLECTION when there is none */
  get(): S {
    if (this.#exists) return this.#value as S;
    throw new StreamjobError('EMPTY_COLLECTION', 'the key has no state', {
      where: 'State.get',
      hint: 'ask exists() first, or use getOption(), which gives undefined',
    });
  }

  /** The state, or undefined when there is none. */
  getOption(): S | undefined {
    return this.#exists ? this.#value : undefined;
  }

  /** Sets the state. @throws StreamjobError CONTEXT_STATE after remove(), or while the key times out */
  update(value: S): void {
    this.#requireOpen('update');
    this.#value = value;
    this.#exists = true;
    this.#updated = true;
  }

  /** Removes the state. @throws StreamjobError CONTEXT_STATE after remove(), or while the key times out */
  remove(): void {
    this.#requireOpen('remove');
    this.#exists = false;
    this.#updated = false;
    this.#removed = true;
  }

  /** Whether the key is being removed because it had no data for the timeout. */
  isTimingOut(): boolean {
    return this.#timingOut;
  }

  /** @internal */
  isUpdated(): boolean {
    return this.#updated;
  }

  /** @internal */
  isRemoved(): boolean {
    return this.#removed;
  }

  #requireOpen(call: string): void {
    if (!this.#removed && !this.#timingOut) return;
    const why = this.#removed ? 'it was removed in this call' : 'it is timing out';
    throw new StreamjobError('CONTEXT_STATE', `the state cannot be changed: ${why}`, {
      where: `State.${call}`,
      hint: 'return before changing it; isTimingOut() tells a timeout',
    });
  }
}

/** Called for each value of a key, and once, without a value, when the key times out. */
export type MapWithStateFunction<K, V, S, M> = (
  time: number,
  key: K,
  value: V | undefined,
  state: State<S>,
) => M | undefined;

/**
 * What mapWithState does.
 *
 * @example
 * const spec = StateSpec.function((word: string, one: number | undefined, count: State<number>) => {
 *   const sum = (count.getOption() ?? 0) + (one ?? 0);
 *   if (!count.isTimingOut()) count.update(sum);
 *   return [word, sum] as const;
 * }).timeout('10m');
 */
export class StateSpec<K, V, S, M> {
  /** @internal */
  readonly run: MapWithStateFunction<K, V, S, M>;
  /** @internal */
  readonly dropsUndefined: boolean;
  /** @internal */
  initial: readonly (readonly [K, S])[] = [];
  /** @internal Infinity: never */
  timeoutMs: number = Number.POSITIVE_INFINITY;
  /** @internal */
  partitions: number | undefined;
  /** @internal */
  schema: StateSchema = {};

  private constructor(run: MapWithStateFunction<K, V, S, M>, dropsUndefined: boolean) {
    this.run = run;
    this.dropsUndefined = dropsUndefined;
  }

  /**
   * What `mapWithState` calls: for each value, and once for a key that times out.
   * @param fn (key, value, state): one result for each value; or (time, key, value, state): undefined gives no result
   */
  static function<K, V, S, M>(fn: (key: K, value: V | undefined, state: State<S>) => Sync<M>): StateSpec<K, V, S, M>;
  static function<K, V, S, M>(fn: MapWithStateFunction<K, V, S, Sync<M>>): StateSpec<K, V, S, M>;
  static function<K, V, S, M>(
    fn: ((key: K, value: V | undefined, state: State<S>) => M) | MapWithStateFunction<K, V, S, M>,
  ): StateSpec<K, V, S, M> {
    if (fn.length >= 4) return new StateSpec(fn as MapWithStateFunction<K, V, S, M>, true);
    const simple = fn as (key: K, value: V | undefined, state: State<S>) => M;
    return new StateSpec((_time, key, value, state) => simple(key, value, state), false);
  }

  /** States that are there before the first batch. */
  initialState(pairs: Iterable<readonly [K, S]>): this {
    this.initial = [...pairs];
    return this;
  }

  /** A key that has had no value for so long is removed, after one last call. @throws StreamjobError CONFIG_INVALID */
  timeout(duration: DurationLike): this {
    this.timeoutMs = durationMs(duration, 'timeout');
    return this;
  }

  /**
   * Which form the state has: another version when what it means, or of which type it is, has changed.
   * @param version from 1 on; a state whose spec names none has 1
   * @param migrate makes of a state that a checkpoint has in another version one of this; undefined: the key goes. Without it a
   *   checkpoint with another version is refused at the start
   * @throws StreamjobError CONFIG_INVALID
   * @example spec.stateVersion(2, (state) => ({ count: state as number }))
   */
  stateVersion(version: number, migrate?: (state: unknown, fromVersion: number) => S | undefined): this {
    checkOptions('stateVersion', { version: count({ min: 1 }), migrate: fn({}) }, { version, migrate });
    this.schema = { ...this.schema, version, migrate };
    return this;
  }

  /**
   * What a state must be: one that does not fit is refused with its key, when it is set (its batch fails) and when it is found in a
   * checkpoint (the start fails).
   * @param fits true, or false, or a text that says why not
   * @throws StreamjobError CONFIG_INVALID
   * @example spec.validate((state) => typeof state === 'number' || 'it is no number')
   */
  validate(fits: (state: S) => boolean | string): this {
    checkOptions('validate', { fits: fn({}) }, { fits });
    this.schema = { ...this.schema, validate: fits as StateSchema['validate'] };
    return this;
  }

  /** How many partitions the states have. */
  numPartitions(count: number): this {
    this.partitions = count;
    return this;
  }
}
