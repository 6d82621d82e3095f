/** How many file descriptors this process may still open. Where that cannot be known (not Linux), it is taken to be enough. */
import { fsSync } from '../core/machine.ts';

let limit: number | undefined;

/** Descriptors that are free, counted anew at each call; Infinity where they cannot be counted. */
export function freeDescriptors(): number {
  limit ??= readLimit();
  if (limit === Number.POSITIVE_INFINITY) return limit;
  try {
    return limit - fsSync.readdirSync('/proc/self/fd').length;
  } catch {
    // None is left even for looking: that is an answer too.
    return 0;
  }
}

function readLimit(): number {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(fsSync.readFileSync('/proc/self/limits', 'utf8'));
    return line?.[1] === undefined ? Number.POSITIVE_INFINITY : Number(line[1]);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
