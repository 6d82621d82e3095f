/**
 * Memory that threads share. V8 counts it for none of them, so that nothing would make a thread look for what it holds of it and does not
 * use any more: gigabytes would wait for a collection. Each thread therefore counts what it gets hold of, and says so to V8.
 */

/** Of this size no allocator keeps blocks back to be filled with zeros again: it is address space, no memory, until it is written to. */
const BALLAST_BYTES = 40 * 1024 * 1024;

let uncounted = 0;

/** This thread has got hold of so many bytes of shared memory. */
export function countShared(bytes: number): void {
  uncounted += bytes;
  if (uncounted < BALLAST_BYTES) return;
  uncounted = 0;
  try {
    // Garbage at once: V8 collects when what it counts of such garbage grows.
    new ArrayBuffer(BALLAST_BYTES);
  } catch {
    // Where even address space is scarce, it has collected all that there is before it refused.
  }
}

/** New memory that other threads can see. @param length in bytes */
export function sharedBytes(length: number): Buffer {
  countShared(length);
  return Buffer.from(new SharedArrayBuffer(length));
}

/** Where what is received is best put for an engine. */
export type TakesInput =
  /** This thread's memory: the engine runs in it. */
  | 'heap'
  /** Memory that all threads of the process see; what is on disk they read themselves. */
  | 'shared-memory'
  /** Where the bytes lie in the write-ahead log, on a disk that all members see: for engines whose members are on other machines. */
  | 'references';
