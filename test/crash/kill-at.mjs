// Preloaded into a process (node --import): ends it with SIGKILL when it stands at a named point for the n-th time.
// KILL_AT=point:n, see src/core/points.ts; `stage` is told by the job itself. Counted from the first delivery on: before it all
// batches are empty.
import diagnostics from 'node:diagnostics_channel';

const [point, count] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);
let received = false;
diagnostics.subscribe('streamjob:point', (name) => {
  received ||= name === 'received';
  if (received && name === point && --left === 0) process.kill(process.pid, 'SIGKILL');
});
