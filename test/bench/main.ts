/**
 * The benchmark: npm run bench -- [CASE ...] [--pairs N] [--seconds S] [--warmup S] [--quick]
 *
 * Runs us and the real peers in turn, on this machine, and writes what it found to results.json and RESULTS.md. A CASE is the id of
 * a case or the letter of a group (a to f); without one all are run. --quick: one short pair of each.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { buildCommandLine } from '../interop/kit/build.ts';
import { missingTools, peersDirectory, repository } from '../interop/kit/places.ts';
import { cases } from './cases/index.ts';
import type { Case, Plan } from './kit/case.ts';
import { machine } from './kit/machine.ts';
import { canMeasure } from './kit/proc.ts';
import { loadResults, saveResults } from './kit/results.ts';
import { writeReport } from './render/report.ts';

const USUAL: Plan = { pairs: 3, seconds: 6, warmupSeconds: 4 };
const QUICK: Plan = { pairs: 1, seconds: 4, warmupSeconds: 2 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string' },
    seconds: { type: 'string' },
    warmup: { type: 'string' },
    quick: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Case[] {
  const unknown = positionals.filter((asked) => !cases.some(({ id, group }) => id === asked || group === asked));
  if (unknown.length > 0) {
    throw new Error(`there is no case ${unknown.join(', ')}; cases are ${cases.map(({ id }) => id).join(', ')}`);
  }
  if (positionals.length === 0) return cases;
  return cases.filter(({ id, group }) => positionals.includes(id) || positionals.includes(group));
}

function plan(): Plan {
  const usual = values.quick ? QUICK : USUAL;
  const number = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : Number(text);
  return {
    pairs: number(values.pairs, usual.pairs),
    seconds: number(values.seconds, usual.seconds),
    warmupSeconds: number(values.warmup, usual.warmupSeconds),
  };
}

/** Cases whose peers this machine cannot have are left out, by name. */
function withPeers(wanted: readonly Case[]): readonly Case[] {
  const possible = wanted.filter(({ id, needs }) => {
    const missing = needs.map(missingTools).find((reason) => reason !== undefined);
    if (missing !== undefined) process.stderr.write(`${id}: left out, ${missing} on this machine\n`);
    return missing === undefined;
  });
  const needed = new Set(possible.flatMap(({ needs }) => needs));
  // `bench` is what runs on the others, and brings those.
  const parts = [
    ...(needed.has('cluster') ? ['cluster'] : []),
    ...(needed.has('flume') || needed.has('spark') ? ['bench'] : []),
  ];
  const fetch = path.join(repository, 'test/interop/peers/fetch.sh');
  for (const part of parts) {
    execFileSync('bash', [fetch, peersDirectory, part], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
  return possible;
}

async function main(): Promise<void> {
  if (!canMeasure) throw new Error('the benchmark reads /proc: it runs on Linux only');
  const wanted = values.render ? [] : withPeers(chosen());
  await buildCommandLine();
  const current = plan();
  for (const each of wanted) {
    process.stderr.write(`${each.id}\n`);
    const ran = { at: new Date().toISOString(), pairs: current.pairs, seconds: current.seconds, machine: machine() };
    const result = await each.run(current);
    // Read again: another run may have written other cases meanwhile.
    saveResults({ ...loadResults(), [each.id]: { ...result, ran } });
    writeReport(loadResults());
  }
  writeReport(loadResults());
}

await main();
