/**
 * Windows by the time of events instead of their arrival. The watermark is the greatest timestamp seen, less the allowed
 * lateness; with several inputs (a union) the least of theirs, those without data in a batch left out. It never goes back.
 * A window is given once, in the batch in which the watermark reaches its end; what comes for closed windows only is late.
 * Everything follows from the batches' contents, so that a replay of the same batches gives the same windows.
 */
import { wallMs } from '../../core/machine.ts';
import type { Lineage } from '../lineage.ts';
import type { Node, NodeSpec } from '../node.ts';
import type { StatePartition, StateSpecification } from '../state/form.ts';
import { stateful } from './stateful.ts';

/** A closed window with its values, in the order of their arrival. */
export interface EventWindow<T> {
  /** First ms of the window, a multiple of the slide. */
  readonly start: number;
  /** First ms after it. */
  readonly end: number;
  readonly values: readonly T[];
}

/** What an event-time window gives in a batch: windows that closed, and values that were too late. */
export type EventWindowItem<T> = { readonly window: EventWindow<T> } | { readonly late: T };

/** How event-time windows are cut. */
export interface EventWindowOptions<T> {
  readonly windowMs: number;
  readonly slideMs: number;
  readonly allowedLatenessMs: number;
  /** How far ahead of the clock a time may be, in ms. */
  readonly maxAheadMs: number;
  /** Told how many values of a batch had a time that cannot be right, how many came too late, and where the watermark stands, in ms since the epoch. */
  readonly onSeen: (seen: { readonly wrong: number; readonly late: number; readonly watermark: number }) => void;
  /** ms since the epoch; undefined: the time of arrival, which is the batch's. */
  readonly timestamp: (value: T) => number | undefined;
}

/** Batch times before the year 2000 are those of a test's clock: nothing is known then of what is ahead of it. */
const FIRST_REAL_TIME = Date.UTC(2000);

/** Where the watermark is kept beside the windows. */
const WATERMARK = 'watermark';

/**
 * An open window has its start as key, with how many batches have added to it; what each added is beside it, so that a batch
 * changes (and a checkpoint stores) only what it brings.
 */
type Key = number | readonly [start: number, addition: number] | typeof WATERMARK;
type Value<T> = number | readonly T[];

export function eventWindowNode<T>(
  parent: Node<T>,
  options: EventWindowOptions<T>,
  operator: string,
): NodeSpec<EventWindowItem<T>> {
  const shape = `${options.windowMs}/${options.slideMs}`;
  const own: StateSpecification = { operator, form: { kind: 'eventTimeWindow', shape, rebuildable: false } };
  // Each input of a union has a watermark of its own.
  const inputs = parent.name === 'union' ? (parent.parents as readonly Node<T>[]) : [parent];
  return {
    name: 'eventTimeWindow',
    parents: inputs,
    slideMs: parent.slideMs,
    windowMs: 0,
    state: own,
    statePartitions: 1,
    lineage(time, batch) {
      const present = inputs.map((input) => batch.of(input, time)).filter((data) => data !== undefined);
      const single = present.map(
        (data): Lineage<readonly T[]> => ({
          kind: 'regroup',
          name: 'eventTimeWindow',
          parents: [data],
          numPartitions: 1,
          compute: ([partitions = []]) => [partitions.flat() as unknown as (readonly T[])[]],
        }),
      );
      return stateful<Key, Value<T>, EventWindowItem<T>>({
        name: 'eventTimeWindow',
        time,
        of: own,
        changes: true,
        parents: single,
        numPartitions: 1,
        process: (state, values) => step(state, values as readonly (readonly T[])[], options, time),
      });
    },
  };
}

function step<T>(
  state: StatePartition<Key, Value<T>>,
  inputs: readonly (readonly T[])[],
  options: EventWindowOptions<T>,
  time: number,
): EventWindowItem<T>[] {
  const { windowMs, allowedLatenessMs } = options;
  const before = (state.get(WATERMARK)?.state as number | undefined) ?? Number.NEGATIVE_INFINITY;
  const items: EventWindowItem<T>[] = [];
  const added = new Map<number, T[]>();
  const marks: number[] = [];
  // A batch that is late has a time of then, and holds events of now.
  const latest = time < FIRST_REAL_TIME ? Number.MAX_SAFE_INTEGER : Math.max(time, wallMs()) + options.maxAheadMs;
  let wrong = 0;
  let late = 0;
  for (const values of inputs) {
    let greatest = Number.NEGATIVE_INFINITY;
    for (const value of values) {
      const at = options.timestamp(value) ?? time;
      // One of these as the watermark would make all that comes later late, or let no window close any more.
      if (!Number.isFinite(at) || at > latest) {
        wrong++;
        items.push({ late: value });
        continue;
      }
      greatest = Math.max(greatest, at);
      if (addToWindows(added, value, at, before, options)) continue;
      late++;
      items.push({ late: value });
    }
    if (greatest > Number.NEGATIVE_INFINITY) marks.push(greatest - allowedLatenessMs);
  }
  for (const [start, values] of added) {
    const additions = (state.get(start)?.state as number | undefined) ?? 0;
    state.set([start, additions], values, time);
    state.set(start, additions + 1, time);
  }
  const watermark = marks.length === 0 ? before : Math.max(before, Math.min(...marks));
  options.onSeen({ wrong, late, watermark });
  if (watermark === before) return items;
  state.set(WATERMARK, watermark, time);
  const closed = [...state.entries()]
    .map(([key]) => key)
    .filter((key) => typeof key === 'number')
    .filter((start) => start + windowMs <= watermark);
  for (const start of closed.sort((a, b) => a - b)) {
    items.push({ window: { start, end: start + windowMs, values: takeWindow(state, start) } });
  }
  return items;
}

/** The values of a window in the order of their arrival; it is open no more. */
function takeWindow<T>(state: StatePartition<Key, Value<T>>, start: number): T[] {
  const values: T[] = [];
  const additions = (state.get(start)?.state as number | undefined) ?? 0;
  for (let i = 0; i < additions; i++) {
    for (const value of (state.get([start, i])?.state ?? []) as readonly T[]) values.push(value);
    state.delete([start, i]);
  }
  state.delete(start);
  return values;
}

/** Puts a value into all its windows that are open. @returns whether there was one */
function addToWindows<T>(
  added: Map<number, T[]>,
  value: T,
  at: number,
  watermark: number,
  { windowMs, slideMs }: EventWindowOptions<T>,
): boolean {
  let open = false;
  for (let start = Math.floor(at / slideMs) * slideMs; start > at - windowMs; start -= slideMs) {
    if (start + windowMs <= watermark) break;
    open = true;
    const values = added.get(start);
    if (values === undefined) added.set(start, [value]);
    else values.push(value);
  }
  return open;
}
