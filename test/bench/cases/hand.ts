/**
 * Case a, the limit: our word count against a hand-written server, one thread each, as fast as they go; and with its web page, at which nobody
 * looks, against itself without.
 */
import type { Case } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { inTurn } from '../kit/turns.ts';
import { row } from './rows.ts';
import { handWritten, ours, phaseTable } from './wordcount.ts';

export const hand: Case = {
  id: 'hand',
  group: 'a',
  needs: [],
  async run(plan) {
    const options = { lengths: plan, load: (port: number) => Load.generator({ port }) };
    const flags = ['--reliability', 'best-effort'];
    const [us, limit, seen] = await inTurn(plan.pairs, [
      ours('streamjob, best-effort', flags, options),
      handWritten(options),
      ours('streamjob, best-effort, with its page', [...flags, '--ui-port', '0'], options),
    ]);
    if (us === undefined || limit === undefined || seen === undefined)
      throw new Error('three contestants, three outcomes');
    return {
      title: 'Push word count against a hand-written server',
      method:
        'As fast as each takes it: 4 connections, 16 requests of 1,000 events in flight on each. The hand-written server is one file on avsc: it answers a request when it has counted it into a Map.',
      rows: [
        row({
          what: "CPU of an event against the hand-written server's, one thread",
          target: 1,
          sense: 'at most',
          over: us,
          under: limit,
          ours: 'over',
          figure: (phase) => phase.cpuPerMillion,
          show: (seconds) => `${digits(seconds)} CPU s per million events`,
        }),
        row({
          what: 'CPU of an event with the web page, at which nobody looks, against none',
          target: 1.02,
          sense: 'at most',
          over: seen,
          under: us,
          ours: 'over',
          figure: (phase) => phase.cpuPerMillion,
          show: (seconds) => `${digits(seconds)} CPU s per million events`,
        }),
      ],
      tables: [phaseTable('', [us, limit, seen])],
    };
  },
};
