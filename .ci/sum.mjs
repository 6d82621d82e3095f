/** Adds up the JSON reports of all vitest runs, and of the steps of the documentation's site; prints 'N passed, N failed, N skipped' and exits 1 when something failed. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Characters of what a failed test said. */
const MOST_MESSAGE = 2000;
const [status, ...directories] = process.argv.slice(2);
const files = directories.flatMap((directory) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(directory, name)),
);
/** What the end of a long log must still show: the suite, the file, the test and what it said. */
const failures = [];
const total = { passed: 0, failed: 0, skipped: 0 };
for (const file of files) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  for (const suite of report.testResults) {
    for (const test of suite.assertionResults) {
      if (test.status === 'failed')
        failures.push([path.relative(directories[0], file), suite.name, test.fullName, ...test.failureMessages]);
      if (test.status !== 'pending' && test.status !== 'skipped' && test.status !== 'todo') continue;
      total.skipped++;
      console.log(`skipped: ${test.fullName}`);
    }
    // A file that does not load has no tests to fail.
    if (suite.status !== 'failed' || suite.assertionResults.length > 0) continue;
    total.failed++;
    failures.push([path.relative(directories[0], file), suite.name, 'does not load', suite.message]);
  }
}
// Format, lint and types have no count of their own: a command that failed with no failed test is one failure.
if (status !== '0' && total.failed === 0) total.failed = 1;
/** Does not depend on the Node (the site, what a cluster does), or compares two programs of one: run once, and counted in the first directory. */
const ONCE = ['docs-site.json', 'spark.json', 'bench-gate.json'];
const suites = new Set([...files.map((file) => path.basename(file)), ...ONCE]);
for (const suite of suites) {
  for (const directory of ONCE.includes(suite) ? directories.slice(0, 1) : directories) {
    const file = path.join(directory, suite);
    if (!files.includes(file)) console.log(`not run, for one before it failed: ${path.relative(directories[0], file)}`);
  }
}
for (const [suite, file, test, ...messages] of failures) {
  console.log(`failed: ${suite}: ${file}: ${test}\n${messages.join('\n').slice(0, MOST_MESSAGE)}`);
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
