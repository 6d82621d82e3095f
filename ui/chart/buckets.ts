/**
 * What the timeline draws: batches in slots of equal time. A slot shows its slowest batch, as that is the one to look at; slots begin at
 * multiples of their width, so that a bar stays the same while the timeline moves on.
 */
import type { Minute, Segments, TimelineBatch } from '../data/types.ts';

/** The parts of a batch's time in the order of the way of an event, from the bottom of a bar to its top. */
export const SEGMENTS: readonly (keyof Segments)[] = ['waited', 'stages', 'outputs', 'commit', 'other', 'acknowledged'];

/** As far as a slot shows the slowest of its batches. */
export type SlowestBatch = Minute['slowest'];

/** A slot. */
export interface Slot {
  /** ms since the epoch */
  readonly time: number;
  readonly batches: number;
  readonly events: number;
  /** Attempts that failed. */
  readonly failures: number;
  readonly slowest: SlowestBatch | undefined;
}

/** How slots are made. */
export interface SlotOptions {
  readonly slotMs: number;
  /** How many; the last one has the newest batch. */
  readonly slots: number;
}

/** What a slot is made of: a batch, or several that are summed up. */
type Item = Omit<Slot, 'slowest'> & { readonly slowest: SlowestBatch };

/** All of a batch's time, in ms. */
export function sumOf(segments: Segments): number {
  return SEGMENTS.reduce((sum, name) => sum + segments[name], 0);
}

/** What the width of slots depends on. */
export interface SlotWidthOptions {
  readonly batchIntervalMs: number;
  readonly slots: number;
  /** Whether batches come closer than the interval, so that slots may be narrower. */
  readonly isDense: boolean;
}

/** The width of slots in which all batches have a place: a multiple of the interval (or of 1 ms) that people can read. */
export function slotMsFor(spanMs: number, { batchIntervalMs, isDense, slots }: SlotWidthOptions): number {
  const leastMs = spanMs / Math.max(1, slots - 1);
  if (leastMs <= batchIntervalMs) return isDense ? Math.min(batchIntervalMs, readable(leastMs)) : batchIntervalMs;
  return readable(leastMs / batchIntervalMs) * batchIntervalMs;
}

/** To 1, 2 or 5 times a power of ten. */
function readable(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return power * ([1, 2, 5].find((one) => one * power >= least) ?? 10);
}

/** @param batches oldest first @returns oldest first; none without batches */
export function slotsOf(batches: readonly TimelineBatch[], options: SlotOptions): readonly Slot[] {
  return filled(
    batches.map((batch) => ({ ...batch, batches: 1, slowest: batch })),
    options,
  );
}

/** As {@link slotsOf}, of minutes. */
export function slotsOfMinutes(minutes: readonly Minute[], options: SlotOptions): readonly Slot[] {
  return filled(minutes, options);
}

function filled(items: readonly Item[], { slotMs, slots }: SlotOptions): readonly Slot[] {
  const newest = items.at(-1)?.time;
  if (newest === undefined || items.length === 0) return [];
  const last = Math.floor(newest / slotMs);
  const first = last - slots + 1;
  const made: { -readonly [K in keyof Slot]: Slot[K] }[] = Array.from({ length: slots }, (_, at) => ({
    time: (first + at) * slotMs,
    ...{ batches: 0, events: 0, failures: 0, slowest: undefined },
  }));
  for (const { batches, events, failures, slowest, time } of items) {
    const slot = made[Math.floor(time / slotMs) - first];
    if (slot === undefined) continue;
    slot.batches += batches;
    slot.events += events;
    slot.failures += failures;
    if (slot.slowest === undefined || sumOf(slowest.segments) >= sumOf(slot.slowest.segments)) slot.slowest = slowest;
  }
  return made;
}

/** Heights for bars that are drawn over each other, the highest first: `[times in s, …sums up to each segment, from all of them to one]`. */
export function stackOf(slots: readonly Slot[]): (number | null)[][] {
  const times = slots.map(({ time }) => time / 1000);
  const sums = SEGMENTS.map((_, at) =>
    slots.map(({ slowest }) =>
      slowest === undefined ? null : SEGMENTS.slice(0, at + 1).reduce((sum, name) => sum + slowest.segments[name], 0),
    ),
  );
  return [times, ...sums.reverse()];
}

/** Up to where the axis of times goes: the line of the interval is on it as long as bars are not flattened by that. */
export function heightOf(largestMs: number, batchIntervalMs: number): number {
  const top = largestMs >= batchIntervalMs / 5 ? Math.max(largestMs, batchIntervalMs) : largestMs;
  return roundedUp(Math.max(1, top * 1.05));
}

/** To 1, 2, 3, 4, 5, 6, 8 or 10 times a power of ten: an axis that seldom changes. @example roundedUp(730) // 800 */
export function roundedUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10) * power;
}
