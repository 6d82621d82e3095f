/**
 * Makes the story of a failing seed smaller: kinds of fault, peers and parts of the job are left out one after the other, and stay out
 * where the same promise is still broken without them.
 */

import { FAULTS } from '../../src/simulation/world/faults.ts';
import type { Plan } from './world/plan.ts';
import { type Outcome, type RunOptions, runSeed } from './world/world.ts';

type Change = (plan: Plan) => Plan;

/** What may be left out, in words. */
const CHANGES: readonly (readonly [string, Change])[] = [
  ...FAULTS.map((fault): readonly [string, Change] => [
    `without ${fault}`,
    (plan) => ({ ...plan, faults: new Set([...plan.faults].filter((each) => each !== fault)) }),
  ]),
  ['no text files', (plan) => ({ ...plan, job: { ...plan.job, files: false } })],
  ['no window', (plan) => ({ ...plan, job: { ...plan.job, window: undefined } })],
  ['no state', (plan) => ({ ...plan, job: { ...plan.job, counts: false } })],
  ['one batch at a time', (plan) => ({ ...plan, job: { ...plan.job, batchesInFlight: 1 } })],
  ['no Spark sink', (plan) => ({ ...plan, sparkSinks: 0 })],
  ['no agent', (plan) => ({ ...plan, agents: [] })],
  ['one agent', (plan) => ({ ...plan, agents: plan.agents.slice(0, 1) })],
  ['no Flume sink', (plan) => ({ ...plan, flumeSinks: 0 })],
  ['one Flume sink', (plan) => ({ ...plan, flumeSinks: Math.min(1, plan.flumeSinks) })],
  ['20 events of each peer', (plan) => ({ ...plan, eventsPerPeer: 20 })],
  ['5 events of each peer', (plan) => ({ ...plan, eventsPerPeer: 5 })],
  ['half the time', (plan) => ({ ...plan, feedMs: plan.feedMs / 2 })],
  ['fewer faults', (plan) => ({ ...plan, calmMs: plan.calmMs * 3 })],
];

/** @returns the smallest story that was found, and what was left out */
export async function shrink(
  seed: number,
  options: RunOptions,
): Promise<{ readonly how: string[]; readonly outcome: Outcome }> {
  const first = await runSeed(seed, { ...options, story: 'short' });
  const promise = first.violations[0]?.promise;
  let outcome = first;
  const how: string[] = [];
  let changes: readonly Change[] = [];
  for (const [words, change] of CHANGES) {
    const tried = [...changes, change];
    const { agents, flumeSinks, sparkSinks } = tried.reduce((changed, each) => each(changed), first.plan);
    // Nothing happens without anybody who sends.
    if (agents.length + flumeSinks + sparkSinks === 0) continue;
    const next = await runSeed(seed, {
      ...options,
      story: 'short',
      change: (plan) => tried.reduce((changed, each) => each(changed), plan),
    });
    if (!next.violations.some((each) => each.promise === promise)) continue;
    changes = tried;
    outcome = next;
    how.push(words);
  }
  return { how, outcome };
}
