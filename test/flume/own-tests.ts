/** The tests of cases that are steps in words: vitest runs those whose names have the id of a case, once for a run of the runner. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FlumeCase, Verdict } from './case.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** How the name of such a test begins: `testfilechannel/testcapacity#13: …`. */
const ID = '[a-z][^#]*/[^#]*#\\d+:';

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** Runs them when the first is asked for. */
export class OwnTests {
  #results: Promise<ReadonlyMap<string, string>> | undefined;

  /** Passed when there is a test of the case, and it has passed. */
  async verdict({ id }: FlumeCase): Promise<Verdict> {
    this.#results ??= run();
    const status = (await this.#results).get(id);
    return status === 'passed'
      ? { result: 'passed' }
      : { result: 'failed', actual: `its test: ${status ?? 'there is none'}` };
  }
}

async function run(): Promise<ReadonlyMap<string, string>> {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'flume-cases-'));
  const output = path.join(directory, 'report.json');
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const config = path.join(ROOT, 'test', 'vitest.config.ts');
  const args = ['run', '--config', config, '-t', ID, '--reporter=json', `--outputFile=${output}`, 'test/unit/agent'];
  try {
    await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [vitest, ...args], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
      child.once('error', reject).once('exit', resolve);
    });
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
    const results = report.testResults.flatMap(({ assertionResults }) => assertionResults);
    return new Map(
      results.map(({ status, title }) => [title.slice(0, title.indexOf(':', title.indexOf('#'))), status]),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
