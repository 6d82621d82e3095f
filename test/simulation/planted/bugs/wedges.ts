/** Bugs that keep events or a stop from ever coming through. */
import type { Bug } from '../bug.ts';

/** Bugs that keep events or a stop from ever coming through. */
export const WEDGES: readonly Bug[] = [
  {
    name: 'pause-never-ends',
    file: 'flow/receive/reading-gate.ts',
    find: `    if (!paused && reasons.size === 0) receiver.reading?.resume();
`,
    replace: '',
    what: 'Receivers that were stopped never read again.',
    within: 18,
  },
  {
    name: 'poll-never-goes-on',
    file: 'flow/receive/pull-sink.ts',
    find: `      this.#open--;
`,
    replace: '',
    what: "A sink's batches that were settled count as open: soon it is not asked any more.",
    within: 10,
  },
  {
    name: 'logging-bytes-grow',
    file: 'flow/block/admission.ts',
    find: `      this.#loggingBytes -= arrival.bytes;
`,
    replace: '',
    what: 'What is logged counts as on its way to the log for ever, and receivers stop.',
    within: 110,
  },
  {
    name: 'nobody-hears-of-a-failed-write',
    file: 'durable/group-commit.ts',
    find: `        for (const { reject } of group) reject(failure);
`,
    replace: `        void failure;
`,
    what: 'Who waits for a write that failed waits for ever.',
    within: 10,
  },
  {
    name: 'log-idle-never-told',
    file: 'flow/block/admission.ts',
    find: `      if (!this.isLogging) for (const resolve of this.#onIdle.splice(0)) resolve();
`,
    replace: '',
    what: 'A stop that waits for the log waits for ever.',
    within: 1106,
  },
  {
    name: 'held-requests-stay',
    file: 'flow/receive/held.ts',
    find: `    this.#entries.delete(sequence);
`,
    replace: '',
    what: 'A request that was answered is kept, and answered again.',
    within: 10,
  },
];
