/**
 * Runs cases of Flume's: `npm run test:flume -- [FILE ...]`, without a file those that are kept here. A line for each case that fails,
 * with expected and actual; then 'N passed, N failed, N skipped'; exit 1 when any failed. Cases that are steps in words are tests of
 * their own, which have the case's id in their name: those are run first, and a case whose test is missing or fails has failed.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FlumeCase, Verdict } from './case.ts';
import { runData } from './kinds.ts';
import { OwnTests } from './own-tests.ts';

/** Components that come later, each with what it is of. */
export const LATER: Readonly<Record<string, string>> = {
  'source:kafka': 'Kafka',
  'sink:kafka': 'Kafka',
  'channel:kafka': 'Kafka',
  'source:thrift': 'Thrift',
  'source:jms': 'JMS',
  'source:avroLegacy': 'legacy',
  'source:thriftLegacy': 'legacy',
  'sink:irc': 'IRC',
};

/** Runs one case. @param own the tests of cases in words */
export async function check(one: FlumeCase, own: OwnTests): Promise<Verdict> {
  const later = LATER[one.component];
  if (later !== undefined) return { result: 'skipped', why: `${one.component}: ${later} comes later` };
  try {
    return (await runData(one)) ?? (await own.verdict(one));
  } catch (error) {
    return { result: 'failed', actual: error instanceof Error ? (error.stack ?? error.message) : error };
  }
}

async function main(files: readonly string[]): Promise<void> {
  const counts = { passed: 0, failed: 0 };
  const skipped = new Map<string, number>();
  const own = new OwnTests();
  for (const file of files) {
    for (const one of JSON.parse(readFileSync(file, 'utf8')) as FlumeCase[]) {
      const verdict = await check(one, own);
      if (verdict.result === 'skipped') skipped.set(verdict.why, (skipped.get(verdict.why) ?? 0) + 1);
      else counts[verdict.result]++;
      if (verdict.result === 'failed')
        console.log(
          `FAILED ${one.id}: expected ${JSON.stringify(one.expected)}, actual ${JSON.stringify(verdict.actual)}`,
        );
    }
  }
  for (const [why, count] of skipped) console.log(`skipped ${count} of ${why}`);
  const sum = [...skipped.values()].reduce((a, b) => a + b, 0);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${sum} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.slice(2);
  await main(files.length > 0 ? files : [fileURLToPath(new URL('cases.json', import.meta.url))]);
}
