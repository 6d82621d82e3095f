/** Bugs in what is on disk, and when. */
import type { Bug } from '../bug.ts';

/** Bugs in what is on disk, and when. */
export const DISK: readonly Bug[] = [
  {
    name: 'no-sync-of-data',
    file: 'core/files.ts',
    find: '    sync: () => handle.datasync(),',
    replace: '    sync: async () => {},',
    what: 'No file is synced.',
    within: 10,
  },
  {
    name: 'no-sync-of-the-journal',
    file: 'durable/record-log.ts',
    find: `    await current.file.sync();
`,
    replace: '',
    what: 'Records of the journal are written and not synced.',
    within: 10,
  },
  {
    name: 'no-sync-of-blocks',
    file: 'flow/block/block-log.ts',
    find: `    await current.file.append(parts);
    await current.file.sync();
`,
    replace: `    await current.file.append(parts);
`,
    what: 'Received blocks are written and not synced.',
    within: 16,
  },
  {
    name: 'no-sync-of-new-segments',
    file: 'durable/record-log.ts',
    find: `      await file.append([headerOf(this.#lastSynced)]);
      await files.syncDirectory(directory);
`,
    replace: `      await file.append([headerOf(this.#lastSynced)]);
`,
    what: 'The name of a new segment of the journal is not on disk.',
    within: 158,
  },
  {
    name: 'no-sync-of-new-block-files',
    file: 'flow/block/block-log.ts',
    find: `      await file.append([header]);
      await files.syncDirectory(directory);
`,
    replace: `      await file.append([header]);
`,
    what: 'The name of a new file of blocks is not on disk.',
    within: 64,
  },
  {
    name: 'no-sync-of-new-directories',
    file: 'core/files.ts',
    find: `    await syncDirectory(path.dirname(each));
`,
    replace: '',
    what: 'The name of a directory that was made is not on disk.',
    mended: true,
    within: 142,
  },
  {
    name: 'no-sync-of-what-is-found',
    file: 'durable/record-log.ts',
    find: 'if (segment === found.at(-1)) await files.truncate(fileOf(options, number), bytes, Math.min(proven, bytes));\n        else if',
    replace: 'if',
    what: 'A run does not sync the records that a killed one left, and builds on them.',
    mended: true,
    within: 10,
  },
  {
    name: 'no-second-write-of-what-is-found',
    file: 'core/files.ts',
    find: 'if (from < length) await writeAgain(handle, from, length);',
    replace: '',
    what: 'A run syncs the records that a killed one left, of which a sync has failed before: the kernel takes them for written.',
    mended: true,
    within: 4000,
  },
  {
    name: 'no-sync-of-cuts',
    file: 'core/files.ts',
    find: `      if (from < length) await writeAgain(handle, from, length);
      await handle.sync();
`,
    replace: `      if (from < length) await writeAgain(handle, from, length);
`,
    what: 'What was cut off a file is there again after a power cut.',
    within: 82,
  },
  {
    name: 'no-sync-of-parts',
    file: 'graph/save.ts',
    find: `    await handle.append([bytes]);
    await handle.sync();
`,
    replace: `    await handle.append([bytes]);
`,
    what: 'Parts of text files get their name before they are on disk.',
    within: 30,
  },
  {
    name: 'no-sync-of-the-renamed',
    file: 'graph/save.ts',
    find: `  await files.syncDirectory(parent);
`,
    replace: '',
    what: 'That a directory of text files has its name is not on disk when its batch commits.',
    mended: true,
    within: 42,
  },
  {
    name: 'no-sync-of-names-of-parts',
    file: 'graph/save.ts',
    find: `  await files.syncDirectory(aside);
`,
    replace: '',
    what: 'The names of parts are not on disk when their directory gets its own.',
    mended: true,
    within: 30,
  },
  {
    name: 'files-written-twice',
    file: 'graph/save.ts',
    find: "if (found === 'this batch') return await",
    replace: "if (found === 'this batch' && number > 99) return await",
    what: 'A batch that is run again does not know its own files.',
    within: 64,
  },
  {
    name: 'blocks-released-before-the-record',
    file: 'flow/commit/checkpoint.ts',
    find: '    const written = this.#append(record).then(',
    replace: `    await this.#blocks.release(details.blocks);
    const written = this.#append(record).then(`,
    what: "Received blocks are removed before the commit's record is on disk.",
    within: 514,
  },
  {
    name: 'blocks-released-at-the-cut',
    file: 'flow/commit/checkpoint.ts',
    find: `      this.#found.lastTime = time;
`,
    replace: `      this.#found.lastTime = time;
      await this.#blocks.release(logged.map(({ ref }) => ref));
`,
    what: 'Received blocks are removed when they are in a batch, which has not committed.',
    within: 36,
  },
  {
    name: 'goes-on-after-a-failed-sync',
    file: 'durable/record-log.ts',
    find: `        await this.#abandonSegment();
        return`,
    replace: '        return',
    what: 'After a failed write the journal goes on in the same file.',
    within: 10,
  },
  {
    name: 'closed-mark-too-far',
    file: 'durable/record-log.ts',
    find: '    if (end !== undefined) await writeMark(this.#options, end);',
    replace: '    if (end !== undefined) await writeMark(this.#options, { ...end, bytes: end.bytes + 20 });',
    what: 'A journal that is closed says that more of it is synced than is.',
    within: 54,
  },
  {
    name: 'block-file-goes-on-after-a-failed-sync',
    file: 'flow/block/block-log.ts',
    find: `        await this.#closeCurrent().catch(() => {});
`,
    replace: '',
    what: 'After a failed sync the log of blocks goes on in the same file, behind what it does not know.',
    within: 354,
  },
  {
    name: 'old-run-not-cut-off',
    file: 'flow/block/block-log.ts',
    find: `    current.written = at;
`,
    replace: '',
    what: 'The next block is told to lie where the last one does.',
    within: 14,
  },
];
