/**
 * What a job can take and what it needs, from a few numbers of its load: the formulas of docs/sizing.md, which its tables, its calculator
 * and a test use. The constants were measured on two cores of an AMD EPYC with a word count of text (test/bench/RESULTS.md);
 * test/unit/docs/sizing.test.ts compares the formulas with those measurements, and with files that it writes.
 */

/** A load. */
export interface Load {
  /** Sinks that send, or from which is fetched: connections. */
  readonly sinks: number;
  /** Requests that one sink has in flight: 1 of a Flume's Avro sink, up to 1000 of the embedded agent's, `parallelism` of a pull receiver. */
  readonly inFlight: number;
  /** Events of a request. */
  readonly batchSize: number;
  /** ms */
  readonly batchInterval: number;
  /** Whether batches are cut as soon as something waits. */
  readonly eager: boolean;
  /** At `end-to-end` a request is answered after its batch; at the others the interval bounds nothing. */
  readonly level: 'end-to-end' | 'store-on-failure' | 'best-effort';
  /** Bytes of a body, and of its headers. */
  readonly eventBytes: number;
  /** µs of CPU that the job's own functions take for an event, beyond splitting it into words and counting them. */
  readonly ownMicros: number;
  /** Worker threads of the engine `threads`; 1 of the engine `inline`. */
  readonly threads: number;
  /** Events per second that come. */
  readonly rate: number;
}

/** CPU of an event of a word count: µs, and µs for each of its bytes. */
const EVENT_MICROS = 0.35;
const BYTE_MICROS = 0.0098;
/** Of two threads over one, by half: what the second one adds. */
const NEXT_THREAD = 0.84;
/** From one eager cut to the next at least, ms. */
const LINGER_MS = 2;

/** µs of CPU for an event. */
export function microsOf({ eventBytes, ownMicros }: Pick<Load, 'eventBytes' | 'ownMicros'>): number {
  return EVENT_MICROS + BYTE_MICROS * eventBytes + ownMicros;
}

/** Events per second that the CPU can process. */
export function cpuLimit(load: Pick<Load, 'eventBytes' | 'ownMicros' | 'threads'>): number {
  return (1_000_000 / microsOf(load)) * (1 + (load.threads - 1) * NEXT_THREAD);
}

/**
 * Events per second that the sinks can deliver: each waits until its requests are answered. With an interval that is once in each interval;
 * with eager cuts after the processing of what all of them have in flight.
 */
export function sinkLimit(load: Load): number {
  if (load.level !== 'end-to-end') return Number.POSITIVE_INFINITY;
  const inFlight = load.sinks * load.inFlight * load.batchSize;
  if (!load.eager) return (inFlight * 1000) / load.batchInterval;
  return (inFlight * 1000) / (LINGER_MS + (inFlight / cpuLimit(load)) * 1000);
}

/** What bounds a load, and at how many events per second. */
export function limitOf(load: Load): { readonly eventsPerSecond: number; readonly by: 'sinks' | 'CPU' } {
  const [sinks, cpu] = [sinkLimit(load), cpuLimit(load)];
  return sinks < cpu ? { eventsPerSecond: sinks, by: 'sinks' } : { eventsPerSecond: cpu, by: 'CPU' };
}

/** Cores that the load keeps busy. */
export function coresOf(load: Load): number {
  return (Math.min(load.rate, limitOf(load).eventsPerSecond) * microsOf(load)) / 1_000_000;
}

const MB = 1_000_000;
/** Of a process before anything comes, with its code. */
const BASE_BYTES = 100 * MB;
/** `maxBacklogBytes`: received data is not more than that. */
const BACKLOG_BYTES = 256 * 1024 * 1024;

/** What is kept of each key: bytes in memory, without and with a checkpoint. Keys and values of some 20 bytes together. */
export const KEY_BYTES = {
  updateStateByKey: { memory: 550, checkpoint: 870 },
  mapWithState: { memory: 550, checkpoint: 870 },
  'a window with an inverse': { memory: 1000, checkpoint: 1700 },
  'a window without an inverse': { memory: 1200, checkpoint: 2700 },
} as const;

/** An operator that remembers. */
export type Remembering = keyof typeof KEY_BYTES;

/** Bytes of memory for keys. @param ownBytes what a key and its state take beyond 20 bytes */
export function keysMemory(operator: Remembering, keys: number, checkpoint: boolean, ownBytes = 0): number {
  const { memory, checkpoint: withCheckpoint } = KEY_BYTES[operator];
  return keys * ((checkpoint ? withCheckpoint : memory) + 2 * ownBytes);
}

/** Bytes of memory for events that have come and are not processed. */
export function eventsMemory(load: Load): number {
  const rate = Math.min(load.rate, limitOf(load).eventsPerSecond);
  const processing = (rate * (load.batchInterval / 1000)) / cpuLimit(load);
  const held = rate * (load.batchInterval / 1000 + processing) * (load.eventBytes + 3);
  return Math.min(held, BACKLOG_BYTES);
}

/** Bytes of memory of a job: the process, its events, its keys. */
export function memoryOf(load: Load, keysBytes: number): number {
  return BASE_BYTES + eventsMemory(load) + keysBytes;
}

/** Bytes of the write-ahead log for an event: its own, three for their lengths, and its part of what a request takes. */
export function logBytes({ eventBytes, batchSize }: Pick<Load, 'eventBytes' | 'batchSize'>): number {
  return eventBytes + 3 + 165 / batchSize;
}

/** Bytes that a state adds to the journal of a checkpoint when it changes. @param plain bytes of key and state as texts */
export function journalBytes(plain: number): number {
  return plain + 17;
}

/** Bytes of the journal for an id that is remembered. */
export function idBytes(length: number): number {
  return length + 3;
}
