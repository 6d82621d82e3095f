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
    find: `    if (puts.length > 0) overflow.reader.written(end);
`,
    replace: `    void end;
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
  {
    name: 'taken-stays-on-disk',
    file: 'agent/channels/spillable.ts',
    find: 'await this.#write(toDisk, taken.disk);',
    replace: 'await this.#write(toDisk, []);',
    what: 'What was taken from the overflow and delivered is there again after a start.',
    within: 3000,
  },
  {
    name: 'overflow-room-not-given-back',
    file: 'agent/channels/spillable/room.ts',
    find: `    this.#onDisk -= Math.max(0, taken.disk.length - diskPuts);
`,
    replace: '',
    what: 'Room in the overflow counts as used for ever.',
    within: 3000,
  },
  {
    name: 'memory-room-not-given-back',
    file: 'agent/channels/spillable/room.ts',
    find: `    this.#memory.release(lessOf(takenUse, this.#memory.useOf(memoryPuts)));
`,
    replace: '',
    what: 'Room in the memory of a spillable channel counts as used for ever: all goes to disk.',
    within: 3000,
  },
];
