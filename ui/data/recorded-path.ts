/** What stands in a recording for a path. */

/** All there was is in the recording, whatever was known before. @example recordedPath('/log?since=7') // '/log' */
export function recordedPath(path: string): string {
  return path.replace(/[?&]since=-?\d+$/, '');
}
