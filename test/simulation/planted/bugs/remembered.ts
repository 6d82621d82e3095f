/** Bugs in what is remembered: ids, states, windows. */
import type { Bug } from '../bug.ts';

/** Bugs in what is remembered: ids, states, windows. */
export const REMEMBERED: readonly Bug[] = [
  {
    name: 'ids-of-a-batch-not-remembered',
    file: 'flow/batch/dedupe.ts',
    find: 'this.restore(time, [...this.#open]);',
    replace: 'void time;',
    what: 'The ids of a batch that has committed are not known to its run.',
    within: 10,
  },
  {
    name: 'ids-not-stored',
    file: 'flow/commit/checkpointed.ts',
    find: `      ids,
      keepsIds`,
    replace: `      ids: ids.slice(1),
      keepsIds`,
    what: "The ids of an input are left out of the commit's record.",
    within: 150,
  },
  {
    name: 'ids-not-restored',
    file: 'flow/commit/checkpointed.ts',
    find: 'this.#dedupes.get(input.id)?.restore(value.time, value.ids);',
    replace: 'this.#dedupes.get(input.id);',
    what: 'Ids are stored, and not read by the next run.',
    within: 150,
  },
  {
    name: 'ids-remembered-before-the-commit',
    file: 'flow/batch/dedupe.ts',
    find: '      this.#open.add(id);',
    replace: `      this.#open.add(id);
      this.#known.add(id);`,
    what: 'Ids of a batch that is given up stay known: when its events come again, they are dropped.',
    within: 618,
  },
  {
    name: 'ids-of-one-batch-too-few',
    file: 'flow/batch/dedupe.ts',
    find: '    for (const id of ids) this.#known.add(id);',
    replace: '    for (const id of this.#batches.at(-2)?.ids ?? []) this.#known.add(id);',
    what: 'Ids are known one batch late.',
    within: 10,
  },
  {
    name: 'same-id-twice-in-a-batch',
    file: 'flow/batch/dedupe.ts',
    find: 'this.#known.has(id) || this.#open.has(id)',
    replace: 'this.#known.has(id)',
    what: 'An event that comes twice before the cut counts twice.',
    within: 36,
  },
  {
    name: 'state-not-rolled-back',
    file: 'state/memory.ts',
    find: `    for (const [key, before] of this.#undo.entries()) this.#bucket(key).put(key, before);
`,
    replace: '',
    what: 'What an attempt that failed changed in the states stays.',
    within: 166,
  },
  {
    name: 'given-up-batch-not-forgotten',
    file: 'flow/processing.ts',
    find: `    await this.#settings.engine.forget(batch.time);
`,
    replace: '',
    what: 'States and windows keep what a batch had that was given up.',
    within: 178,
  },
  {
    name: 'state-changes-not-stored',
    file: 'flow/commit/checkpoint.ts',
    find: 'touched ? [{ operator: state,',
    replace: 'touched && changes.length > 1 ? [{ operator: state,',
    what: "A commit's record leaves some changes of state out.",
    within: 10,
  },
  {
    name: 'window-forgets-its-last-slice',
    file: 'graph/operators/reduced-window.ts',
    find: '    windowMs: windowMs + slideMs,',
    replace: '    windowMs,',
    what: 'The slice that leaves a window is gone when it is to be taken out of it.',
    within: 22,
  },
  {
    name: 'window-forgets-a-slice',
    file: 'engine/run/generations.ts',
    find: 'if (at > oldest) break;',
    replace: 'if (at > oldest + 2000) break;',
    what: 'Slices are dropped while a window still reads them.',
    within: 10,
  },
  {
    name: 'slices-not-stored',
    file: 'flow/commit/checkpointed.ts',
    find: 'slices: report.slices.map(',
    replace: 'slices: report.slices.slice(1).map(',
    what: "What a window remembers of a batch is left out of the commit's record.",
    within: 14,
  },
];
