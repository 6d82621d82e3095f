/** Where in the user's files something was called or thrown, as `jobs/wordcount.ts:12:6`: relative to the working directory when it is below it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWN_CODE } from './module-url.ts';

/** This package's code, by its own names and by those that source maps have for it. */
const OWN = ['src/', 'dist/'].map((directory) => fileURLToPath(new URL(`../${directory}`, OWN_CODE)));
const MOST_FRAMES = 50;

/** The first place in a stack that is neither ours, nor Node's, nor an installed package's. @example userFrame(error.stack) */
export function userFrame(stack: string | undefined): string | undefined {
  for (const line of (stack ?? '').split('\n')) {
    const match = /^\s+at (?:.* \()?((?:file:\/\/)?\/.+?)(?:\?[^:]*)?:(\d+):(\d+)\)?$/.exec(line);
    // What eval runs has no file.
    if (match?.[1] === undefined || match[1].includes('<anonymous>')) continue;
    const file = match[1].startsWith('file:') ? fileURLToPath(match[1]) : match[1];
    if (OWN.some((own) => file.startsWith(own)) || file.includes(`${path.sep}node_modules${path.sep}`)) continue;
    const relative = path.relative(process.cwd(), file);
    return `${relative.startsWith(`..${path.sep}`) ? file : relative}:${match[2]}:${match[3]}`;
  }
  return undefined;
}

/** The user's line that led here; undefined: none did. */
export function callSite(): string | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = MOST_FRAMES;
  try {
    return userFrame(new Error().stack);
  } finally {
    Error.stackTraceLimit = before;
  }
}
