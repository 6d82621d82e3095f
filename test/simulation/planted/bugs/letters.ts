/** Bugs in what becomes of events that a function always throws on. */
import type { Bug } from '../bug.ts';

/** Bugs in what becomes of events that a function always throws on. */
export const LETTERS: readonly Bug[] = [
  {
    name: 'letters-after-the-commit',
    file: 'flow/processing.ts',
    find: `    await deadLetters?.write();
    if (!(await this.#commit(batch, report))) return false;
`,
    replace: `    if (!(await this.#commit(batch, report))) return false;
    await deadLetters?.write();
`,
    what: 'Dead letters are written when their batch has committed, not before.',
    within: 24,
  },
  {
    name: 'letters-without-a-sync',
    file: 'flow/output/dead-letters.ts',
    find: `      await file.datasync();
`,
    replace: '',
    what: 'Dead letters are written and not synced.',
    within: 24,
  },
  {
    name: 'letters-without-a-name',
    file: 'flow/output/dead-letters.ts',
    find: 'await directory.sync().finally(() => directory.close());',
    replace: 'await directory.close();',
    what: 'The name of the file of dead letters is not on disk when their batch commits.',
    within: 234,
  },
  {
    name: 'letters-forgotten-after-a-failure',
    file: 'flow/output/dead-letters.ts',
    find: `      await this.close();
      throw`,
    replace: `      await this.close();
      this.#box.clear();
      throw`,
    what: 'Dead letters that could not be written are not there when their batch is tried again.',
    within: 994,
  },
  {
    name: 'left-out-goes-on',
    file: 'engine/run/guarded.ts',
    find: '        return skip(step, value, error);',
    replace: `        skip(step, value, error);
        return down.push(value);`,
    what: 'A value that was left out goes to what comes next, too.',
    within: 24,
  },
];
