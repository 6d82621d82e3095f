/**
 * A coarser history than that of batches, for charts that go back a day: a row for each minute, with how many batches there were, what they
 * held, how late they were, and the slowest of them. Bounded in memory and on disk, and kept over restarts.
 */
import {
  type BatchRecord,
  processingTimeOf,
  type Segments,
  schedulingDelayOf,
  segmentsOf,
  totalDelayOf,
} from './batch-record.ts';

import { fieldsOf, isNumber, isTime } from './history-lines.ts';

export const MINUTE_MS = 60_000;
/** A day. */
export const MOST_MINUTES = 1440;

/** Of the durations of a minute's batches, in ms. */
export interface Spread {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

/** The batch of a minute that took longest until its peers were told. */
export interface SlowestBatch {
  readonly time: number;
  readonly events: number;
  readonly segments: Segments;
}

/** A minute, by the times of its batches. */
export interface Minute {
  /** When it begins, in ms since the epoch. */
  readonly time: number;
  readonly batches: number;
  readonly events: number;
  /** Attempts that failed. */
  readonly failures: number;
  /** Batches that were given up. */
  readonly givenUp: number;
  readonly schedulingDelayMs: Spread;
  readonly processingMs: Spread;
  readonly totalDelayMs: Spread;
  readonly slowest: SlowestBatch;
}

/** The minute that a batch alone makes. */
export function minuteOf(record: BatchRecord): Minute {
  const { events, failures, givenUp, time } = record;
  const alone = (ms: number | undefined): Spread => ({ min: ms ?? 0, mean: ms ?? 0, max: ms ?? 0 });
  return {
    time: Math.floor(time / MINUTE_MS) * MINUTE_MS,
    batches: 1,
    events,
    failures: failures.at(-1)?.attempt ?? 0,
    givenUp: givenUp === undefined ? 0 : 1,
    schedulingDelayMs: alone(schedulingDelayOf(record)),
    processingMs: alone(processingTimeOf(record)),
    totalDelayMs: alone(totalDelayOf(record)),
    slowest: { time, events, segments: segmentsOf(record) },
  };
}

/** Two parts of a minute as one. */
export function joined(a: Minute, b: Minute): Minute {
  const spread = (of: (minute: Minute) => Spread): Spread => {
    const [one, other] = [of(a), of(b)];
    return {
      min: Math.min(one.min, other.min),
      mean: (one.mean * a.batches + other.mean * b.batches) / (a.batches + b.batches),
      max: Math.max(one.max, other.max),
    };
  };
  return {
    time: Math.min(a.time, b.time),
    batches: a.batches + b.batches,
    events: a.events + b.events,
    failures: a.failures + b.failures,
    givenUp: a.givenUp + b.givenUp,
    schedulingDelayMs: spread((minute) => minute.schedulingDelayMs),
    processingMs: spread((minute) => minute.processingMs),
    totalDelayMs: spread((minute) => minute.totalDelayMs),
    slowest: sumOf(b.slowest.segments) > sumOf(a.slowest.segments) ? b.slowest : a.slowest,
  };
}

function sumOf(segments: Segments): number {
  return Object.values(segments).reduce((sum, ms) => sum + ms, 0);
}

/** Keeps minutes. */
export class Minutes {
  /** By time, oldest first. */
  readonly #minutes = new Map<number, Minute>();
  /** Of this run, of the minute that is not over. */
  #open: Minute | undefined;
  #onOver: ((minute: Minute) => void) | undefined;

  /** Oldest first. */
  get all(): readonly Minute[] {
    return [...this.#minutes.values()];
  }

  /** Takes a batch that is over; they come in the order of their times. */
  add(record: BatchRecord): void {
    const own = minuteOf(record);
    if (this.#open !== undefined && this.#open.time !== own.time) this.end();
    this.#open = this.#open === undefined ? own : joined(this.#open, own);
    const known = this.#minutes.get(own.time);
    this.#minutes.set(own.time, known === undefined ? own : joined(known, own));
    this.#bound();
  }

  /** Minutes of former runs; a part of the present minute may be among them. */
  addFormer(minutes: readonly Minute[]): void {
    const all = [...minutes, ...this.#minutes.values()].sort((a, b) => a.time - b.time);
    this.#minutes.clear();
    for (const minute of all) {
      const known = this.#minutes.get(minute.time);
      this.#minutes.set(minute.time, known === undefined ? minute : joined(known, minute));
    }
    this.#bound();
  }

  /** Called with each minute of this run that is over, or the part of it that this run has. */
  onOver(listener: (minute: Minute) => void): void {
    this.#onOver = listener;
  }

  /** The minute is over, or the run is. */
  end(): void {
    if (this.#open !== undefined) this.#onOver?.(this.#open);
    this.#open = undefined;
  }

  #bound(): void {
    for (const oldest of this.#minutes.keys()) {
      if (this.#minutes.size <= MOST_MINUTES) return;
      this.#minutes.delete(oldest);
    }
  }
}

/** Reads a line of the file of minutes. @returns undefined for what is none */
export function parseMinute(value: unknown): Minute | undefined {
  return isMinute(value) ? value : undefined;
}

/** Whether it is a minute with batches in it. */
function isMinute(value: unknown): value is Minute {
  const minute = fieldsOf<Minute>(value);
  return (
    isTime(minute.time) &&
    [minute.batches, minute.events, minute.failures, minute.givenUp].every(isNumber) &&
    Number(minute.batches) > 0 &&
    [minute.schedulingDelayMs, minute.processingMs, minute.totalDelayMs].every(isSpread) &&
    isSlowest(minute.slowest)
  );
}

function isSpread(value: unknown): boolean {
  const { max, mean, min } = fieldsOf<Spread>(value);
  return [min, mean, max].every(isNumber);
}

function isSlowest(value: unknown): boolean {
  const { events, segments, time } = fieldsOf<SlowestBatch>(value);
  const { acknowledged, commit, other, outputs, stages, waited } = fieldsOf<SlowestBatch['segments']>(segments);
  return isTime(time) && [events, waited, stages, outputs, commit, other, acknowledged].every(isNumber);
}
