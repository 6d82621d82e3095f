/** Bugs in the clearing up of the journal, and in what its files say of themselves. */
import type { Bug } from '../bug.ts';

/** Bugs in the clearing up of the journal, and in what its files say of themselves. */
export const TIDYING: readonly Bug[] = [
  {
    name: 'segment-dropped-though-needed',
    file: 'flow/commit/tidying.ts',
    find: 'return oldest.number < needed ? needed : undefined;',
    replace: 'return Math.max(needed, oldest.number + 1);',
    what: 'The oldest segment of the journal goes, whether or not something is told in it alone.',
    within: 22,
  },
  {
    name: 'tidying-forgets-slices',
    file: 'flow/commit/tidying.ts',
    find: '[...slices.values(), ...ids.values(), ...positions',
    replace: '[...ids.values(), ...positions',
    what: 'A segment goes although it alone tells what a window remembers.',
    within: 582,
  },
  {
    name: 'tidying-forgets-ids',
    file: 'flow/commit/tidying.ts',
    find: '[...slices.values(), ...ids.values(), ...positions',
    replace: '[...slices.values(), ...positions',
    what: 'A segment goes although it alone tells ids.',
    within: 36,
  },
  {
    name: 'tidying-forgets-waiting-blocks',
    file: 'flow/commit/tidying.ts',
    find: '...positions.values(), ...waiting.values()]',
    replace: '...positions.values()]',
    what: 'A segment goes although it alone tells of a block that is in no batch yet.',
    within: 104,
  },
  {
    name: 'carried-block-not-read',
    file: 'flow/commit/recovered.ts',
    find: `    for (const block of record.blocks) this.#wait(block, segment);
`,
    replace: '',
    what: 'The next run does not know of waiting blocks that were written again beside a commit.',
    within: 3000,
  },
  {
    name: 'carried-slices-not-written',
    file: 'flow/commit/checkpoint.ts',
    find: 'slices: [...slices, ...tidied.slices],',
    replace: 'slices: tidied.slices.length > 0 ? tidied.slices : [...slices],',
    what: 'Where slices are written again beside a commit, those of its own batch are left out.',
    within: 312,
  },
  {
    name: 'carried-state-at-the-wrong-time',
    file: 'flow/commit/tidying.ts',
    find: 'const lastRun = touched ? time : (this.#found.lastRun.get(operator) ?? time);',
    replace: 'const lastRun = touched ? (this.#found.lastRun.get(operator) ?? time) : time;',
    what: 'A state that is written again beside a commit has the time of another batch.',
    within: 312,
  },
  {
    name: 'state-of-another-window-is-taken',
    file: 'flow/commit/recovered.ts',
    find: "if (form.shape !== shape) return 'anew';",
    replace: "if (form.shape !== shape) return 'fits';",
    what: 'A version of the job with another window goes on with the state of the window that there was.',
    within: 860,
  },
  {
    name: 'another-interval-is-refused',
    file: 'flow/commit/open.ts',
    find: 'recovered.slices.size === 0 || before === now',
    replace: 'before === now',
    what: 'A version of the job with another batch interval is refused although no window remembers anything.',
    within: 10,
  },
  {
    name: 'checksum-of-frames-not-checked',
    file: 'durable/segment.ts',
    find: `  if (crc32c(bytes.subarray(offset + 12, end)) !== bytes.readUInt32LE(offset + 8)) return undefined;
`,
    replace: '',
    what: 'Records of the journal are read without a look at their checksum.',
    within: 692,
  },
  {
    name: 'checksum-of-blocks-not-checked',
    file: 'durable/checked-bytes.ts',
    find: 'if (bytes.length === length && crc32c(bytes) === crc) return bytes;',
    replace: 'if (bytes.length === length) return bytes;',
    what: 'Received blocks are read without a look at their checksum.',
    within: 4372,
  },
  {
    name: 'damage-before-synced-records-is-cut',
    file: 'durable/segment.ts',
    find: 'if (later !== undefined && later.synced > offset) throw',
    replace: 'if (later !== undefined && later.synced > bytes.length) throw',
    what: 'A damaged record of the journal is taken for torn, and cut off with all behind it.',
    within: 430,
  },
];
