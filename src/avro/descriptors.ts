/** How many file descriptors this process may still open. Where that cannot be known (not Linux), it is taken to be enough. */
import { readdirSync, readFileSync } from 'node:fs';

let limit: number | undefined;

/** Descriptors that are free, counted anew at each call; Infinity where they cannot be counted. */
export function freeDescriptors(): number {
  limit ??= readLimit();
  if (limit === Number.POSITIVE_INFINITY) return limit;
  try {
    return limit - readdirSync('/proc/self/fd').length;
  } catch {
    // None is left even for looking: that is an answer too.
    return 0;
  }
}

function readLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return line?.[1] === undefined ? Number.POSITIVE_INFINITY : Number(line[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
