/**
 * The gate of CI: npm run bench:gate [-- --update]
 *
 * CPU time of our word count (best-effort, one thread) over that of the hand-written server for the same events, which came over the
 * same sockets from the same load: 9 pairs, the median of their ratios. It fails when that is more than a quarter above the one in gate.json,
 * which --update writes. A ratio, so that it holds on any machine; CPU time, so that others on the machine matter little.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCommandLine } from '../interop/kit/build.ts';
import { type StartSide, startHandWritten, startWordCount, withSide } from './cases/wordcount.ts';
import { fixedWork, type Work } from './kit/phase.ts';
import { canMeasure } from './kit/proc.ts';
import { median } from './kit/stats.ts';
import { type Contestant, inTurn, ratios } from './kit/turns.ts';

const FILE = fileURLToPath(new URL('gate.json', import.meta.url));
const PAIRS = 9;
const WARMUP_EVENTS = 1_000_000;
const EVENTS = 2_000_000;
/** How much worse the ratio may be than the one in the file. */
const TOLERANCE = 1.25;
const NAME = 'CPU time against a hand-written server stays within a quarter of the ratio in gate.json';

/** What vitest's JSON reporter writes, as far as .ci/sum.mjs reads it. */
function writeCount(status: 'passed' | 'failed' | 'skipped'): void {
  const directory = process.env['TEST_RESULTS'];
  if (directory === undefined) return;
  const report = {
    numPassedTests: status === 'passed' ? 1 : 0,
    numFailedTests: status === 'failed' ? 1 : 0,
    testResults: [{ status, assertionResults: [{ status, fullName: `bench:gate ${NAME}` }] }],
  };
  writeFileSync(path.join(directory, 'bench-gate.json'), JSON.stringify(report));
}

function conclude(status: 'passed' | 'failed' | 'skipped', text: string): void {
  writeCount(status);
  const count = (which: string): number => (status === which ? 1 : 0);
  process.stdout.write(`${text}\n${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped\n`);
  if (status === 'failed') process.exitCode = 1;
}

async function measured(): Promise<{ ratio: number; text: string; failures: readonly string[] }> {
  const contestant = (name: string, start: StartSide): Contestant<Work> => ({
    name,
    run: () => withSide(start, (side, port) => fixedWork(side, port, WARMUP_EVENTS, EVENTS)),
  });
  const flags = ['--reliability', 'best-effort', '--engine', 'inline'];
  const outcomes = await inTurn(PAIRS, [
    contestant('streamjob', startWordCount('streamjob', flags)),
    contestant('hand-written server', startHandWritten),
  ]);
  const [us, limit] = outcomes;
  if (us === undefined || limit === undefined) throw new Error('two contestants, two outcomes');
  const each = ratios(us, limit, ({ cpuPerMillion }) => cpuPerMillion);
  const ratio = median(each);
  const text = `CPU time of ours over the hand-written server's: ${ratio.toFixed(2)} (pairs: ${each.map((r) => r.toFixed(2)).join(', ')})`;
  return { ratio, text, failures: outcomes.flatMap(({ failures }) => failures) };
}

async function main(): Promise<void> {
  if (!canMeasure) return conclude('skipped', `${NAME}: CPU time is read from /proc, which only Linux has`);
  await buildCommandLine();
  const { ratio, text, failures } = await measured();
  if (Number.isNaN(ratio)) return conclude('failed', `no pair gave a ratio: ${failures.join('; ')}`);
  if (process.argv.includes('--update')) {
    writeFileSync(FILE, `{ "ratio": ${ratio.toFixed(3)} }\n`);
    return conclude('passed', `${text}; written to gate.json`);
  }
  const { ratio: known } = JSON.parse(readFileSync(FILE, 'utf8')) as { ratio: number };
  const most = known * TOLERANCE;
  conclude(ratio <= most ? 'passed' : 'failed', `${text}; allowed up to ${most.toFixed(2)}, a quarter above ${known}`);
}

await main();
