/** mapAsync: one value for each value through an asynchronous function, in order, with bounds on how many run and how long. */
import { setMaxListeners } from 'node:events';
import type { DurationLike } from '../../core/duration.ts';
import { StreamjobError } from '../../core/errors.ts';
import { timeoutSignal } from '../../core/machine.ts';
import { count, duration, type OptionTable, type Resolved } from '../../core/options.ts';
import { SKIP_HINT, userError } from '../functions.ts';
import type { Async, Lineage } from '../lineage.ts';

/** What mapAsync takes beside its function. */
export interface MapAsyncOptions {
  /**
   * Calls at once, of this operator. With engine 'inline' that is all: its partitions run one after the other. With
   * 'threads' each worker has calls of its own: as many times `concurrency` as there are workers. Default: 16.
   */
  readonly concurrency?: number;
  /** How long a call may take. In ms, or a text such as '250ms', '1s', '5m'. Default: no limit. */
  readonly timeout?: DurationLike;
  /** How often a call that failed is made again. Default: 0. */
  readonly retries?: number;
}

/** The options of mapAsync. */
export const MAP_ASYNC_OPTIONS = {
  concurrency: count({
    min: 1,
    default: 16,
    unit: 'calls',
    doc: 'calls at once, of this operator',
    more:
      "With engine 'inline' that is all: its partitions run one after the other. With 'threads' each worker has calls of its own: as many " +
      'times `concurrency` as there are workers.',
  }),
  timeout: duration({ absent: 'no limit', doc: 'how long a call may take' }),
  retries: count({ default: 0, unit: 'tries', doc: 'how often a call that failed is made again' }),
} satisfies OptionTable<MapAsyncOptions>;

/** A failure of a call, after its retries, fails the batch, or costs its value when that is the policy. */
export function mapAsync<T, U>(
  parent: Lineage<T>,
  fn: (value: T, signal: AbortSignal) => Promise<U>,
  { concurrency, timeout, retries }: Resolved<typeof MAP_ASYNC_OPTIONS>,
): Lineage<U> {
  const node: Async<U, T> = {
    kind: 'async',
    name: 'mapAsync',
    parent,
    async run(values, signal, skip) {
      const results = new Array<U>(values.length);
      const left = new Set<number>();
      const failed = new AbortController();
      const stop = AbortSignal.any([signal, failed.signal]);
      // One for each call that runs.
      setMaxListeners(0, stop);
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let i = next++; i < values.length && !stop.aborted; i = next++) {
          try {
            results[i] = await attempt(fn, values[i] as T, { timeout, retries }, stop);
          } catch (error) {
            if (skip === undefined || stop.aborted) throw userError(error, this, { value: values[i] }, SKIP_HINT);
            skip(this, values[i], error);
            left.add(i);
          }
        }
      };
      try {
        await Promise.all(Array.from({ length: Math.min(concurrency, values.length) }, worker));
      } catch (error) {
        failed.abort();
        throw userError(error, this);
      }
      return left.size === 0 ? results : results.filter((_, i) => !left.has(i));
    },
  };
  return node as unknown as Lineage<U>;
}

async function attempt<T, U>(
  fn: (value: T, signal: AbortSignal) => Promise<U>,
  value: T,
  { timeout, retries }: { readonly timeout: number | undefined; readonly retries: number },
  stop: AbortSignal,
): Promise<U> {
  for (let left = retries; ; left--) {
    const late = timeout === undefined ? undefined : timeoutSignal(timeout);
    const signal = late === undefined ? stop : AbortSignal.any([stop, late.signal]);
    const aborted = rejectOnAbort(signal, timeout);
    try {
      return await Promise.race([fn(value, signal), aborted.rejected]);
    } catch (error) {
      if (left <= 0 || stop.aborted) throw error;
    } finally {
      aborted.end();
      late?.end();
    }
  }
}

/** A function that does not heed its signal must not hold the batch for ever. @returns what rejects, and what ends the wait for it */
function rejectOnAbort(
  signal: AbortSignal,
  timeout: number | undefined,
): { readonly rejected: Promise<never>; readonly end: () => void } {
  let end = (): void => {};
  const rejected = new Promise<never>((_, reject) => {
    const abort = (): void =>
      reject(
        new StreamjobError(
          'USER_FUNCTION',
          timeout === undefined ? 'mapAsync was stopped' : `a call took longer than ${timeout} ms`,
          {
            where: 'mapAsync',
            hint: 'raise timeout, or retries',
          },
        ),
      );
    end = () => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  // A function that throws at once leaves nobody who waits for it.
  rejected.catch(() => {});
  return { rejected, end };
}
