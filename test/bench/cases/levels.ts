/** Case a, reliability: what each level costs us, as fast as it goes. */
import type { Case } from '../kit/case.ts';
import { digits } from '../kit/format.ts';
import { Load } from '../kit/load.ts';
import { inTurn } from '../kit/turns.ts';
import { row } from './rows.ts';
import { ours, phaseTable } from './wordcount.ts';

export const levels: Case = {
  id: 'levels',
  group: 'a',
  needs: [],
  async run(plan) {
    const options = { lengths: plan, load: (port: number) => Load.generator({ port }) };
    const level = (name: string) => ours(`streamjob, ${name}`, ['--reliability', name], options);
    const outcomes = await inTurn(plan.pairs, [
      level('best-effort'),
      level('store-on-failure'),
      { ...level('end-to-end'), turns: 1 },
    ]);
    const [best, stored] = outcomes;
    if (best === undefined || stored === undefined) throw new Error('three contestants, three outcomes');
    return {
      title: 'Push word count at each reliability level',
      method:
        'As fast as each takes it: 4 connections, 16 requests of 1,000 events in flight on each, 1 s interval. At end-to-end a request is answered after its batch: what is in flight is what a batch can hold.',
      rows: [
        row({
          what: 'store-on-failure (synced log) over best-effort, events/s',
          target: 0.8,
          sense: 'at least',
          over: stored,
          under: best,
          ours: 'over',
          figure: ({ eventsPerSecond }) => eventsPerSecond,
          show: (rate) => `${digits(rate)} events/s`,
        }),
      ],
      tables: [phaseTable('', outcomes)],
    };
  },
};
