/** Values of an rxjs Observable or an async iterable. Neither can be replayed: what has not committed is lost in a crash. */
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { count, type OptionTable, oneOf, resolveOptions } from '../../core/options.ts';
import type { UserReceiver } from './user-receiver.ts';

/** What fromObservable takes beside the source. */
export interface FromObservableOptions {
  /**
   * How many values may wait for their commit. An async iterable is not asked for more; an Observable overflows.
   * Default: 10,000.
   */
  readonly buffer?: number;
  /**
   * What an Observable that gives more leads to: the job fails, or the newest values are dropped and counted. Default:
   * 'fail'.
   */
  readonly overflow?: 'fail' | 'drop';
}

/** The part of an Observable that is needed here: any library's will do. */
export interface ObservableSource<T> {
  /** Begins to give values, as of rxjs. */
  subscribe(observer: { next(value: T): void; error(error: unknown): void; complete(): void }): { unsubscribe(): void };
}

export const FROM_OBSERVABLE_OPTIONS = {
  buffer: count({
    min: 1,
    default: 10_000,
    unit: 'values',
    doc: 'how many values may wait for their commit',
    more: 'An async iterable is not asked for more; an Observable overflows.',
  }),
  overflow: oneOf(['fail', 'drop'], {
    default: 'fail',
    doc: 'what an Observable that gives more leads to: the job fails, or the newest values are dropped and counted',
  }),
} satisfies OptionTable<FromObservableOptions>;

/** What the host tells of the values that have not committed. */
export interface OpenValues {
  /** Resolves when fewer than `limit` are open. */
  room(limit: number): Promise<void>;
  /** Ends the job. */
  fail(error: StreamjobError): void;
  /** Counts what was dropped. */
  dropped(): void;
}

export function observableReceiver<T>(
  source: ObservableSource<T> | AsyncIterable<T>,
  options: FromObservableOptions,
  open: () => OpenValues,
): UserReceiver<T> {
  const { buffer, overflow } = resolveOptions('fromObservable', FROM_OBSERVABLE_OPTIONS, options);
  if (Symbol.asyncIterator in source) return iterableReceiver(source, buffer, open);
  let subscription: { unsubscribe(): void } | undefined;
  let waiting = 0;
  return {
    onStart(handle) {
      subscription = source.subscribe({
        next: (value) => {
          if (waiting + 1 > buffer) {
            if (overflow === 'drop') return open().dropped();
            subscription?.unsubscribe();
            return open().fail(
              new StreamjobError(
                'MEMORY_BUDGET',
                `the Observable gave more values than the buffer of ${buffer} holds`,
                {
                  where: 'fromObservable',
                  hint: "raise buffer, slow the source down, or set overflow: 'drop'",
                },
              ),
            );
          }
          waiting++;
          handle.storeMany([value], (outcome) => {
            waiting--;
            if (outcome === 'given-up' && !handle.signal.aborted) handle.storeMany([value]);
          });
        },
        error: (error) => handle.reportError(`the Observable failed, no more values come: ${messageOf(error)}`, error),
        complete: () => {},
      });
    },
    onStop() {
      subscription?.unsubscribe();
    },
  };
}

function iterableReceiver<T>(source: AsyncIterable<T>, buffer: number, open: () => OpenValues): UserReceiver<T> {
  let iterator: AsyncIterator<T> | undefined;
  return {
    onStart(handle) {
      iterator = source[Symbol.asyncIterator]();
      void (async () => {
        try {
          for (;;) {
            await open().room(buffer);
            if (handle.signal.aborted) return;
            const next = await iterator?.next();
            if (next === undefined || next.done === true) return;
            handle.storeMany([next.value]);
          }
        } catch (error) {
          handle.reportError(`the iterable failed, no more values come: ${messageOf(error)}`, error);
        }
      })();
    },
    onStop() {
      // A generator that waits for ever cannot be ended: nobody waits for it.
      void iterator?.return?.();
    },
  };
}
