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
    name: 'acknowledged-is-given-up',
    file: 'flow/processing.ts',
    find: 'if (batch !== undefined && holdsAcknowledged(batch)) return true;',
    replace: 'void batch;',
    what: 'A batch that holds what a run at another level has acknowledged is given up with the requests of peers whose time is over.',
    mended: true,
    within: 3000,
  },
  {
    name: 'older-position-after-the-new-one',
    file: 'flow/commit/checkpoint.ts',
    find: '[...tidied.positions, ...added.positions]',
    replace: '[...added.positions, ...tidied.positions]',
    what: 'What tidying writes again of a position comes behind the new one: lines come twice.',
    mended: true,
    within: 3000,
  },
  {
    name: 'lines-left-out-of-a-full-batch',
    file: 'flow/block/block-queue.ts',
    find: 'if (weightless === 0) break;',
    replace: 'if (weightless >= 0) break;',
    what: 'A batch with no room for all that waits leaves lines out that its position counts as read.',
    mended: true,
    within: 3000,
  },
  {
    name: 'outputs-numbered-over-all-kinds',
    file: 'graph/graph.ts',
    find: 'id: this.operatorName(output.kind),',
    replace: "id: [output.kind, this.outputs.length].join('-'),",
    what: 'One more output of another kind gives an output another name: a batch that is run again is taken for another one.',
    mended: true,
    within: 3000,
  },
  {
    name: 'files-of-another-batch-replaced',
    file: 'graph/save.ts',
    find: "if (found === 'something else') continue;",
    replace: "if (found === 'something else') await files.remove(directory);",
    what: 'saveAsTextFiles replaces what another batch of the same time has written, after a clock was set back between two runs.',
    mended: true,
    within: 6000,
  },
  {
    name: 'segments-removed-together',
    file: 'durable/record-log.ts',
    find: `      this.#closed.shift();
      await files.syncDirectory(directory);
    }
`,
    replace: `      this.#closed.shift();
    }
    await files.syncDirectory(directory);
`,
    what: 'Segments of the journal are removed without a sync in between: a power cut may leave a gap.',
    mended: true,
    within: 3000,
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
