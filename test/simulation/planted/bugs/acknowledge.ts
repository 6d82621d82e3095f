/** Bugs in when peers are told "delivered". */
import type { Bug } from '../bug.ts';

/** Bugs in when peers are told "delivered". */
export const ACKNOWLEDGE: readonly Bug[] = [
  {
    name: 'acknowledged-at-the-cut',
    file: 'flow/processing.ts',
    find: `    reached('cut');
`,
    replace: `    reached('cut');
    this.settlement.settle(batch, 'committed', () => {});
`,
    what: 'Peers are told "delivered" when their batch is cut, before any output has seen it.',
    within: 10,
  },
  {
    name: 'acknowledged-before-the-commit',
    file: 'flow/processing.ts',
    find: `    const began = clock.now();
    try {
      await durability.commit`,
    replace: `    const began = clock.now();
    this.settlement.settle(batch, 'committed', () => {});
    try {
      await durability.commit`,
    what: 'Peers are told "delivered" before what the batch changed is on disk.',
    within: 1730,
  },
  {
    name: 'failed-commit-goes-on',
    file: 'flow/processing.ts',
    find: `      batch.become('running');
      throw error;
`,
    replace: `      void error;
`,
    what: 'A batch whose commit could not be written is acknowledged all the same.',
    within: 1730,
  },
  {
    name: 'commit-not-awaited',
    file: 'flow/commit/checkpoint.ts',
    find: 'changes.length > 0)) return await written;',
    replace: 'changes.length > 0)) void written;',
    what: 'A commit resolves before its record is on disk.',
    within: 530,
  },
  {
    name: 'push-answers-ok',
    file: 'flow/receive/flume-push.ts',
    find: "outcome === 'committed' ? 'OK' : 'FAILED'",
    replace: "'OK'",
    what: 'The push receiver answers OK also to requests of batches that were given up.',
    within: 10,
  },
  {
    name: 'pull-acknowledges-what-was-given-up',
    file: 'flow/receive/flume-pull.ts',
    find: "outcome === 'committed' ? 'ack' : 'nack'",
    replace: "'ack'",
    what: 'The pull receiver acknowledges also what was given up.',
    within: 36,
  },
  {
    name: 'pull-refuses-what-committed',
    file: 'flow/receive/flume-pull.ts',
    find: "outcome === 'committed' ? 'ack' : 'nack'",
    replace: "'nack'",
    what: 'The pull receiver refuses what has committed: it comes again for ever.',
    within: 10,
  },
  {
    name: 'acknowledged-before-logged',
    file: 'flow/block/admission.ts',
    find: '      const ref = await logBlock',
    replace: `      void settle(arrival, 'committed');
      const ref = await logBlock`,
    what: 'At store-on-failure peers are told "delivered" before their events are in the log.',
    within: 10,
  },
  {
    name: 'unlogged-is-acknowledged',
    file: 'flow/block/admission.ts',
    find: "await settle(arrival, 'given-up');",
    replace: "await settle(arrival, 'committed');",
    what: 'At store-on-failure events that could not be logged are acknowledged, not refused.',
    within: 10,
  },
  {
    name: 'failed-output-is-done',
    file: 'flow/output/output-run.ts',
    find: '        throw error instanceof StreamjobError ? userError(error, { name: output.kind, site: output.site }) : error;',
    replace: `        this.#done.set(output.id, { id: output.id, kind: output.kind });
        void [StreamjobError, userError];`,
    what: 'An output that throws counts as done.',
    within: 10,
  },
  {
    name: 'keys-of-deliveries-without-epoch',
    file: 'flow/block/block-queue.ts',
    find: 'function keyOf({ epoch, sequence }: AckToken): string {\n',
    replace: 'function keyOf({ epoch: _, sequence }: AckToken): string {\n  const epoch = 0;\n',
    what: 'Deliveries of two receivers with the same number are taken for one.',
    within: 10,
  },
  {
    name: 'epochs-are-mixed-up',
    file: 'flow/receive/attachments.ts',
    find: 'this.#byEpoch.get(first.epoch)',
    replace: '[...this.#byEpoch.values()].at(-1)',
    what: 'Deliveries are settled with the receiver that was attached last, not with the one that gave them.',
    within: 10,
  },
];
