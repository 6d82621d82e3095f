/** Whether a job keeps up, in words: the one question that everybody has who looks at it. */
import type { BatchRecord } from './batch-record.ts';
import { schedulingDelayOf } from './batch-record.ts';

/** How a job does. */
export type VerdictKind = 'starting' | 'keeping-up' | 'falling-behind' | 'catching-up' | 'failing' | 'idle' | 'stopped';

/** A verdict. */
export interface Verdict {
  readonly kind: VerdictKind;
  /** For people. */
  readonly text: string;
  /** By how much the delay of a batch grows in a minute, in ms; negative: it gets less. */
  readonly delayPerMinuteMs: number;
}

/** What it is made of. */
export interface VerdictInput {
  readonly state: 'initialized' | 'active' | 'stopped';
  /** Oldest first. */
  readonly batches: readonly BatchRecord[];
  readonly batchIntervalMs: number;
  /** ms since the epoch */
  readonly now: number;
  /** How often the batch that runs has failed, while it waits to be run again. */
  readonly failedAttempts: number;
}

/** Batches of the last so many ms tell how the delay goes, and no fewer than LEAST of them. */
const LOOK_BACK_MS = 60_000;
const LEAST = 3;
/** A delay that grows by less than this part of the time that goes by is noise. */
const NOISE = 0.02;
/** Nothing has come for so many intervals, or so many ms, whichever is longer. */
const IDLE_INTERVALS = 5;
const IDLE_MS = 5000;

/** @example verdictOf(input).text // 'keeping up: a batch waits 3 ms for its turn' */
export function verdictOf(input: VerdictInput): Verdict {
  const { batches, batchIntervalMs, failedAttempts, now, state } = input;
  if (state !== 'active') {
    return state === 'stopped'
      ? { kind: 'stopped', text: 'stopped', delayPerMinuteMs: 0 }
      : { kind: 'starting', text: 'starting', delayPerMinuteMs: 0 };
  }
  if (failedAttempts > 0) {
    const times = failedAttempts === 1 ? 'once' : `${failedAttempts} times`;
    return { kind: 'failing', text: `failing: the batch has failed ${times} and is run again`, delayPerMinuteMs: 0 };
  }
  const held = batches.findLast(({ events }) => events > 0);
  const idleAfter = Math.max(IDLE_MS, IDLE_INTERVALS * batchIntervalMs);
  // A batch with events that waits or runs, for however long, is no idleness.
  if (held === undefined || (held.endedAt !== undefined && now - held.endedAt > idleAfter)) {
    return { kind: 'idle', text: 'idle: nothing comes in', delayPerMinuteMs: 0 };
  }
  // By their starts: the times of batches lie far back where the job is late.
  const recent = batches.filter(({ startedAt = 0 }) => startedAt >= now - LOOK_BACK_MS);
  const last = recent.at(-1) ?? batches.findLast(({ startedAt }) => startedAt !== undefined) ?? held;
  const delay = schedulingDelayOf(last) ?? Math.max(0, now - last.time);
  const slope = recent.length < LEAST ? 0 : slopeOf(recent);
  const delayPerMinuteMs = Math.round(slope * 60_000);
  if (delay > batchIntervalMs && slope > NOISE) {
    return {
      kind: 'falling-behind',
      text: `falling behind by ${durationText(delayPerMinuteMs)} a minute: a batch waits ${durationText(delay)} for its turn`,
      delayPerMinuteMs,
    };
  }
  if (delay > batchIntervalMs) {
    return {
      kind: 'catching-up',
      text: `${slope < -NOISE ? 'catching up' : 'behind'}: a batch waits ${durationText(delay)} for its turn`,
      delayPerMinuteMs,
    };
  }
  return {
    kind: 'keeping-up',
    text: `keeping up: a batch waits ${durationText(delay)} for its turn`,
    delayPerMinuteMs,
  };
}

/** How the scheduling delay grows from start to start: least squares. */
function slopeOf(batches: readonly BatchRecord[]): number {
  const points = batches.map((batch) => [batch.startedAt ?? batch.time, schedulingDelayOf(batch) ?? 0] as const);
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([time]) => time), mean(([, delay]) => delay)];
  let [above, below] = [0, 0];
  for (const [time, delay] of points) {
    above += (time - x) * (delay - y);
    below += (time - x) ** 2;
  }
  return below === 0 ? 0 : above / below;
}

/** @example durationText(1500) // '1.5 s' */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`;
}
