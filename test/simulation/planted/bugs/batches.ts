/** Bugs in what a batch holds, when it was cut, and what becomes of it in the next run. */
import type { Bug } from '../bug.ts';

/** Bugs in what a batch holds, when it was cut, and what becomes of it in the next run. */
export const BATCHES: readonly Bug[] = [
  {
    name: 'cut-logged-without-waiting',
    file: 'flow/processing.ts',
    find: 'await durability.logCut(batch);',
    replace: 'durability.logCut(batch).catch(() => {});',
    what: 'Outputs run before it is on disk which events their batch holds.',
    within: 172,
  },
  {
    name: 'cut-logged-after-outputs',
    file: 'flow/processing.ts',
    find: `    await durability.logCut(batch);
    if (batch.givenUp`,
    replace: '    if (batch.givenUp',
    what: 'A batch is never logged before its outputs run: after a kill it comes again with other contents.',
    within: 14,
  },
  {
    name: 'given-up-while-an-output-runs',
    file: 'flow/processing.ts',
    find: 'return outputs?.committed === true || (outputs?.begun === true && this.#settings.durability.isLogged(outputs.time));',
    replace: 'return outputs?.committed === true;',
    what: 'An output that still runs when its logged batch is given up counts as not begun: the events come again in another batch.',
    mended: true,
    within: 74,
  },
  {
    name: 'abandoned-though-an-output-saw-it',
    file: 'flow/commit/checkpointed.ts',
    find: 'if (holdsAcknowledged(batch) || outputsBegun) return;',
    replace: 'if (holdsAcknowledged(batch)) return;',
    what: 'A batch that an output was called with is struck from the log.',
    within: 354,
  },
  {
    name: 'abandoned-though-acknowledged',
    file: 'flow/commit/checkpointed.ts',
    find: 'if (holdsAcknowledged(batch) || outputsBegun) return;',
    replace: 'if (outputsBegun) return;',
    what: 'A batch whose peers were told "delivered" is struck from the log when it is given up.',
    within: 572,
  },
  {
    name: 'run-again-with-another-id',
    file: 'flow/flow.ts',
    find: `clock.now(), id);
    log.info`,
    replace: `clock.now());
    void id;
    log.info`,
    what: 'A batch that is run again after a crash has another id, so that outputs cannot know it.',
    within: 10,
  },
  {
    name: 'exactly-once-does-not-ask',
    file: 'graph/outputs/exactly-once.ts',
    find: 'if (await store.claim(tx, batch)) await write',
    replace: `await store.claim(tx, batch);
      await write`,
    what: 'exactlyOnce writes also when the database has the batch already.',
    within: 10,
  },
  {
    name: 'times-do-not-rise-across-runs',
    file: 'flow/batch/ticker.ts',
    find: 'floorTime(lastTime ?? now, intervalMs)',
    replace: 'floorTime(now, intervalMs)',
    what: 'After a restart batch times begin with the clock, not behind the last batch.',
    within: 140,
  },
  {
    name: 'cut-time-forgotten-in-recovery',
    file: 'flow/commit/recovered.ts',
    find: `        this.lastTime = record.time;
        for (const { ref }`,
    replace: '        for (const { ref }',
    what: 'A run that goes on does not know the time of a batch that was cut and not committed.',
    within: 14,
  },
  {
    name: 'waiting-blocks-dropped',
    file: 'flow/commit/checkpointed.ts',
    find: 'return [...this.#settings.checkpoint.recovered.waiting.values()].map(({ value }) => this.#admitted(value));',
    replace: 'return [];',
    what: 'What was acknowledged and in no batch yet is not processed by the next run.',
    within: 14,
  },
  {
    name: 'pending-batch-dropped',
    file: 'flow/commit/checkpointed.ts',
    find: 'if (pending === undefined) return undefined;',
    replace: 'if (pending === undefined || pending.blocks.length >= 0) return undefined;',
    what: 'A batch that was cut and had not committed is not run again.',
    within: 52,
  },
  {
    name: 'blocks-of-a-batch-still-wait',
    file: 'flow/commit/recovered.ts',
    find: `        for (const { ref } of record.blocks) this.waiting.delete(blockKey(ref));
        this.#before`,
    replace: '        this.#before',
    what: 'Blocks that are in a batch are taken for waiting by the next run, too.',
    within: 14,
  },
  {
    name: 'ahead-batch-stays-in-the-queue',
    file: 'flow/ahead/run-ahead.ts',
    find: 'this.#stale || this.#settings.queue.takeAll(batch.blocks) === undefined',
    replace: 'this.#stale',
    what: 'A batch that ran ahead is cut a second time from the queue.',
    within: 10,
  },
  {
    name: 'held-data-is-counted-twice',
    file: 'flow/block/block-queue.ts',
    find: '    else this.#bytes -= arrival.bytes;',
    replace: '    else this.#bytes -= 0;',
    what: 'What was taken out of the queue is still counted as held.',
    within: 148,
  },
  {
    name: 'output-reads-after-a-stop',
    file: 'graph/rdd.ts',
    find: "      if (scope.stop.aborted) throw new StreamjobError('CONTEXT_STATE', 'the context was stopped while an output ran');\n",
    replace: '',
    what: 'An output that goes on after a stop at once commits what it reads of a window that was rolled back.',
    mended: true,
    within: 850,
  },
];
