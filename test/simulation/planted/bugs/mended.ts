/** Defects that there were, planted again: each takes the mend out. */
import type { Bug } from '../bug.ts';

/** Defects that there were, planted again: each takes the mend out. */
export const MENDED: readonly Bug[] = [
  {
    name: 'file-written-to-counts',
    file: 'flow/block/block-log.ts',
    find: 'return current?.blocks.size === 0 ? this.#bytes - current.bytes : this.#bytes;',
    replace: `void current;
    return this.#bytes;`,
    what: 'The file of blocks that is written to counts also when nothing in it is needed: with a small maxLogBytes nobody reads any more.',
    mended: true,
    within: 10,
  },
  {
    name: 'recovered-blocks-not-in-a-batch',
    file: 'flow/commit/checkpointed.ts',
    find: 'const isInLog = [...batch.blocks.values()].some((arrivals) => arrivals.some(({ ref }) => ref !== undefined));',
    replace: 'const isInLog = false;',
    what: 'A batch with blocks that a run of another level has left in the log is not logged: every later run processes it again.',
    mended: true,
    within: 1196,
  },
  {
    name: 'mended-lost-database-stays-lost',
    file: 'agent/channels/file/steady.ts',
    find: `    if (this.#isClosed) return;
    this.#reopening`,
    replace: `    if (this.#isClosed || this.#lastStats !== undefined) return;
    this.#reopening`,
    what: 'A database of a channel that lmdb has given up after an error of its disk is not opened anew.',
    mended: true,
    within: 898,
  },
  {
    name: 'mended-database-not-made-aside',
    file: 'agent/channels/file/create.ts',
    find: 'if (bytes === 0) return makeDatabase(directory, native);',
    replace: 'if (bytes === 0) return void makeDatabase;',
    what: 'The database of a channel is made under its name: a power cut leaves one that kills every later start.',
    mended: true,
    within: 62,
  },
  {
    name: 'mended-new-segment-is-damage',
    file: 'durable/segment.ts',
    find: '    if (bytes.subarray(0, HEADER_BYTES).some((byte) => byte !== 0)) {',
    replace: '    if (bytes.length > 0) {',
    what: 'A segment of the journal of which nothing was synced is refused as damage.',
    mended: true,
    within: 150,
  },
];
