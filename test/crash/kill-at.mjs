// Preloaded into a process (node --import): ends it with SIGKILL when it stands at a named point for the n-th time.
// KILL_AT=point:n, see src/core/points.ts. The job tells of `stage` and `in-transaction` itself, and of what its batches hold: what
// belongs to a batch counts only in one that has events, and the record of a commit (`checkpoint-written`) only when it is one, not
// that of a cut. In an empty batch a kill would prove little.
import diagnostics from 'node:diagnostics_channel';

const OF_BATCHES = ['cut', 'stage', 'before-rename', 'after-rename', 'outputs-done', 'checkpoint-written', 'committed'];
const [point, count] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);
let holdsEvents = false;
let committing = false;
diagnostics.subscribe('streamjob:point', (name) => {
  if (name === 'batch with events') holdsEvents = true;
  if (name === 'empty batch') holdsEvents = false;
  if (name === 'outputs-done') committing = true;
  if (name === 'committed') committing = false;
  if (name !== point) return;
  if (OF_BATCHES.includes(point) && !holdsEvents) return;
  if (point === 'checkpoint-written' && !committing) return;
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
});
