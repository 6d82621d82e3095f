/** A shell script for processes that must not outlive a test run. */

/**
 * Runs "$@" beside a watcher that kills the process group when stdin ends: that is when this process has gone, however it went.
 * A JVM would go on for ever after a test run that was killed.
 */
export const LIVES_WITH_ITS_PARENT =
  'exec 3<&0; { cat <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';
