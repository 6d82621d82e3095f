/**
 * What operators keep of keys, for who looks: how many keys and how fast they become more, what they weigh, the heaviest ones, one of them.
 * Growth costs a number a second. The rest is worked out when somebody asks, bucket by bucket with pauses, so that batches run meanwhile.
 */
import { serialize } from 'node:v8';
import { boundedJson } from '../core/bounded-json.ts';
import { after, monotonicMs } from '../core/machine.ts';
import { identityOf } from '../graph/keys.ts';
import { bucketOf, STATE_BUCKETS } from '../graph/state/form.ts';
import type { Observed, ObservedEntry } from './observed.ts';
import { REDACTED, type Redaction } from './redaction.ts';

/** How many keys there were at a time, in ms since the epoch. */
export type KeysAt = readonly [time: number, keys: number];

/** A key with what is kept of it. */
export interface ShownKey {
  readonly key: unknown;
  /** Of its key and its state, serialised. */
  readonly bytes: number;
  /** The time of the batch that changed it last, in ms since the epoch. */
  readonly updated: number;
  readonly state: unknown;
}

/** All of a state, weighed. */
export interface WeighedState {
  readonly keys: number;
  readonly bytes: number;
  /** The heaviest first. */
  readonly largest: readonly ShownKey[];
  /** The time of the batch that changed the key that has not been changed for longest; null: there is no key. */
  readonly oldest: number | null;
}

/** How long growth is remembered, in values of one second each. */
const REMEMBERED = 600;
const SAMPLE_MS = 1000;
const LARGEST = 20;

/** How the number of keys has changed. */
export class StateGrowth {
  readonly #observed: Observed;
  readonly #series = new Map<string, KeysAt[]>();
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(observed: Observed) {
    this.#observed = observed;
  }

  /** Called with each batch that is over. */
  sample(): void {
    const now = this.#observed.clock.now();
    if (now - this.#sampledAt < SAMPLE_MS && now >= this.#sampledAt) return;
    this.#sampledAt = now;
    for (const { labels, name, value } of this.#observed.telemetry.samples()) {
      const operator = labels?.['operator'];
      if (name !== 'state_keys' || operator === undefined) continue;
      const series = this.#series.get(operator) ?? [];
      this.#series.set(operator, series);
      series.push([now, value]);
      if (series.length > REMEMBERED) series.shift();
    }
  }

  /** Oldest first. */
  of(state: string): readonly KeysAt[] {
    return this.#series.get(state) ?? [];
  }

  /** Keys that came in a minute, less those that went, over what is remembered; null: that is less than two values. */
  perMinute(state: string): number | null {
    const series = this.of(state);
    const [first, last] = [series[0], series.at(-1)];
    if (first === undefined || last === undefined || last[0] <= first[0]) return null;
    return ((last[1] - first[1]) * 60_000) / (last[0] - first[0]);
  }
}

/** Reads states for who looks. */
export class StateScales {
  readonly #observed: Observed;
  readonly #redaction: Redaction;
  readonly #running = new Map<string, Promise<WeighedState>>();

  constructor(observed: Observed, redaction: Redaction) {
    this.#observed = observed;
    this.#redaction = redaction;
  }

  /**
   * Reads all of a state. Whoever asks meanwhile gets the same.
   * @param state its name across restarts
   * @throws StreamjobError CONTEXT_STATE when the job does not run, or ends meanwhile
   */
  weigh(state: string): Promise<WeighedState> {
    const running = this.#running.get(state);
    if (running !== undefined) return running;
    const weighed = this.#weigh(state).finally(() => this.#running.delete(state));
    this.#running.set(state, weighed);
    return weighed;
  }

  /**
   * One key.
   * @param text the key itself where it is a text; else as JSON, or as it is shown: `1n`, `NaN`, a time as ISO 8601 has it
   * @returns undefined: there is no such key
   * @throws StreamjobError CONTEXT_STATE, KEY_INVALID
   */
  async find(state: string, text: string): Promise<ShownKey | undefined> {
    for (const key of keysOf(text)) {
      const place = placeOf(key);
      if (place === undefined) continue;
      const { entries } = await this.#observed.readState(state, place.bucket);
      const found = entries.find(([each]) => isSame(identityOf(each), place.identity));
      if (found !== undefined) return this.#shown(found);
    }
    return undefined;
  }

  async #weigh(state: string): Promise<WeighedState> {
    let [keys, bytes] = [0, 0];
    let oldest: number | null = null;
    let largest: { readonly entry: ObservedEntry; readonly weight: number }[] = [];
    for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
      const began = monotonicMs();
      const { bytes: packed, entries } = await this.#observed.readState(state, bucket);
      keys += entries.length;
      bytes += packed;
      for (const entry of entries) {
        oldest = oldest === null ? entry[2] : Math.min(oldest, entry[2]);
        largest.push({ entry, weight: weightOf(entry) });
      }
      largest = largest.sort((a, b) => b.weight - a.weight).slice(0, LARGEST);
      await pause(monotonicMs() - began);
    }
    return { keys, bytes, oldest, largest: largest.map(({ entry }) => this.#shown(entry)) };
  }

  #shown(entry: ObservedEntry): ShownKey {
    const [key, state, updated] = entry;
    const shown = (value: unknown): unknown => this.#redaction.shown(boundedJson(value));
    return {
      key: shown(key),
      bytes: weightOf(entry),
      updated,
      state: this.#redaction.hides(key) ? REDACTED : shown(state),
    };
  }
}

/** What a text may stand for: itself; what it is as JSON; then what is shown like it (core/bounded-json.ts) and is no JSON. */
function keysOf(text: string): unknown[] {
  const keys: unknown[] = [text];
  try {
    keys.push(JSON.parse(text));
  } catch {
    // It is no JSON.
  }
  if (/^-?\d+n$/.test(text)) keys.push(BigInt(text.slice(0, -1)));
  const named = NAMED_KEYS.get(text);
  if (named !== undefined) keys.push(...named);
  if (ISO_TIME.test(text)) keys.push(new Date(text));
  return keys;
}

/** Undefined: it is deeper than any key can be. */
function placeOf(key: unknown): { readonly bucket: number; readonly identity: unknown } | undefined {
  try {
    return { bucket: bucketOf(key), identity: identityOf(key) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** As a Map compares its keys. */
function isSame(a: unknown, b: unknown): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}

const NAMED_KEYS: ReadonlyMap<string, readonly unknown[]> = new Map<string, readonly unknown[]>([
  ['NaN', [Number.NaN]],
  ['Infinity', [Number.POSITIVE_INFINITY]],
  ['-Infinity', [Number.NEGATIVE_INFINITY]],
  ['undefined', [undefined]],
  ['Invalid Date', [new Date(Number.NaN)]],
]);
const ISO_TIME = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function weightOf([key, state]: ObservedEntry): number {
  return serialize([key, state]).length;
}

/** As long as the work before it: at most half of the thread's time goes into a look. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => after(ms, resolve, false));
}
