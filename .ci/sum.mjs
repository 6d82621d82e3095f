/** Adds up the JSON reports of all vitest runs; prints 'N passed, N failed, N skipped' and exits 1 when something failed. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [status, ...directories] = process.argv.slice(2);
const files = directories.flatMap((directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(directory, name)),
);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status !== 'pending' && test.status !== 'skipped' && test.status !== 'todo') continue;
      total.skipped++;
      console.log(`skipped: ${test.fullName}`);
    }
    // A file that does not load has no tests to fail.
    if (suite.status === 'failed' && suite.assertionResults.length === 0) total.failed++;
  }
}
// Format, lint and types have no count of their own: a command that failed with no failed test is one failure.
if (status !== '0' && total.failed === 0) total.failed = 1;
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
