/** Bugs in the channels of agents. */
import type { Bug } from '../bug.ts';

/** Bugs in the channels of agents. */
export const CHANNELS: readonly Bug[] = [
  {
    name: 'overflow-drops-an-event',
    file: 'agent/channels/spillable.ts',
    find: "const toDisk = place?.side === 'disk' ? puts : [];",
    replace: "const toDisk = place?.side === 'disk' ? puts.slice(1) : [];",
    what: 'A spillable channel drops an event of a transaction that memory has no room for.',
    within: 14,
  },
  {
    name: 'overflow-not-seen',
    file: 'agent/channels/spillable.ts',
    find: `    if (puts.length > 0) overflow.reader.written(written);
`,
    replace: `    void written;
`,
    what: 'What a spillable channel has put on disk is not taken before its next start.',
    within: 14,
  },
  {
    name: 'rollback-drops-what-was-in-memory',
    file: 'agent/channels/spillable.ts',
    find: `    this.#memory.restore(taken.memory);
`,
    replace: '',
    what: 'A rollback does not put back what was taken from the memory of a spillable channel.',
    within: 14,
  },
  {
    name: 'rollback-drops-what-was-on-disk',
    file: 'agent/channels/spillable.ts',
    find: `    this.#overflow?.reader.restore(taken.disk);
`,
    replace: '',
    what: 'A rollback does not put back what was taken from the overflow of a spillable channel.',
    within: 20,
  },
];
