// Preloaded into a process (node --import): ends it with SIGKILL when it stands at a named point for the n-th time.
// KILL_AT=point:n, see src/core/points.ts; `stage` is told by the job itself. What comes after the stages counts only in batches
// that have events: in an empty one a kill would prove little.
import diagnostics from 'node:diagnostics_channel';

const EARLY = ['received', 'logged', 'cut', 'stage'];
const [point, count] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);
let received = false;
let holdsEvents = false;
diagnostics.subscribe('streamjob:point', (name) => {
  if (name === 'received') received = true;
  if (name === 'stage') holdsEvents = true;
  if (name === 'cut') holdsEvents = false;
  const counts = EARLY.includes(point) ? received : holdsEvents;
  if (counts && name === point && --left === 0) process.kill(process.pid, 'SIGKILL');
});
