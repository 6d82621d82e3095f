// Preloaded into a process (node --import): ends it with SIGKILL when it stands at a named point for the n-th time.
// KILL_AT=point:n, see src/core/points.ts; `stage` is told by the job itself.
import diagnostics from 'node:diagnostics_channel';

const [point, count] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);
diagnostics.subscribe('streamjob:point', (name) => {
  if (name === point && --left === 0) process.kill(process.pid, 'SIGKILL');
});
