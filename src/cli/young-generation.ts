/**
 * How much memory V8 takes for objects that have just been made. Left alone it grows to three times 16 MB, 32 MB on newer Nodes. What a job
 * makes of an event is either dropped at once or lives until its batch is done: measured, an eighth to a fourth of that is as fast, also
 * where batches hold all their values, and 25 MB less.
 */

import v8 from 'node:v8';
import { every } from '../core/machine.ts';
import { isYoungGenerationGiven } from '../core/young-generation.ts';

/** Of the two halves together: what loading a job has made of it at least. It may grow to the double before it is looked at. */
const ENOUGH_BYTES = 4 << 20;
/** V8 gives memory back when little happens: then it may grow again. */
const CHECK_MS = 250;

/**
 * Keeps the young generation of this process small, unless its call says how large it is to be. For a process without worker threads of its
 * own: V8's flags are theirs too.
 * @example limitYoungGeneration();
 */
export function limitYoungGeneration(): void {
  if (isYoungGenerationGiven()) return;
  let limited = false;
  const check = (): void => {
    const space = v8.getHeapSpaceStatistics().find((each) => each.space_name === 'new_space');
    const isEnough = (space?.space_size ?? 0) >= ENOUGH_BYTES;
    if (isEnough === limited) return;
    limited = isEnough;
    v8.setFlagsFromString(`--semi-space-growth-factor=${isEnough ? 1 : 2}`);
  };
  check();
  every(CHECK_MS, check, false);
}
