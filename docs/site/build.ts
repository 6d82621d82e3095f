/**
 * npm run docs:site: installs what the site is made with (once, and when its lock file has changed), builds it into docs/site/dist, writes
 * llms.txt and llms-full.txt, and looks at what came out: every link leads to a file and a heading that is there, and nothing is loaded from
 * elsewhere. DOCS_BASE=/streamjob/ builds it for a server that has it below a path.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brokenLinks, foreignLoads } from './check.ts';
import { forSite, GROUPS, OUTPUT, PAGES, ROOT, SOURCE, summaryOf, target, textOf, titleOf } from './pages.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const BASE = process.env['DOCS_BASE'] ?? '/';

/** What is counted by CI, each with what it does; a step that throws is one that has failed. */
const STEPS: Readonly<Record<string, () => void>> = {
  'the packages of the site are installed as its lock file says': install,
  'every page goes to the site, with its links': writePages,
  'the site is built': build,
  'llms.txt and llms-full.txt name every page': writeTexts,
  'every link of the site leads somewhere, and nothing is loaded from elsewhere': check,
};

interface Result {
  readonly fullName: string;
  readonly status: 'passed' | 'failed';
  readonly failureMessages: readonly string[];
}

const results: Result[] = [];
for (const [name, step] of Object.entries(STEPS)) {
  try {
    step();
    results.push({ fullName: `docs site: ${name}`, status: 'passed', failureMessages: [] });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${name}: no\n${message}`);
    results.push({ fullName: `docs site: ${name}`, status: 'failed', failureMessages: [message] });
    break;
  }
}
report();
const failed = results.some(({ status }) => status === 'failed');
if (!failed) console.log(`${PAGES.length} pages in ${path.relative(process.cwd(), OUTPUT)}/index.html`);
process.exitCode = failed ? 1 : 0;

function install(): void {
  const lock = path.join(HERE, 'package-lock.json');
  const done = path.join(HERE, 'node_modules/.package-lock.json');
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return;
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: HERE, stdio: 'inherit' });
}

function writePages(): void {
  rmSync(SOURCE, { recursive: true, force: true });
  for (const page of PAGES) {
    const file = path.join(SOURCE, target(page));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, forSite(page, copy));
  }
}

function copy(from: string, to: string): void {
  const file = path.join(SOURCE, to);
  mkdirSync(path.dirname(file), { recursive: true });
  cpSync(path.join(ROOT, from), file);
}

function build(): void {
  rmSync(OUTPUT, { recursive: true, force: true });
  const program = path.join(HERE, 'node_modules/vitepress/bin/vitepress.js');
  execFileSync(process.execPath, [program, 'build', HERE, '--base', BASE], { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** For language models: https://llmstxt.org says what the first file looks like. */
function writeTexts(): void {
  const { description } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { description: string };
  const lists = GROUPS.map(({ group, pages }) => {
    const lines = pages.map((page) => `- [${titleOf(page)}](${BASE}text/${target(page)}): ${summaryOf(page)}`);
    return `## ${group}\n\n${lines.join('\n')}\n`;
  });
  writeFileSync(path.join(OUTPUT, 'llms.txt'), `# streamjob\n\n> ${description}\n\n${lists.join('\n')}`);
  const whole = PAGES.map((page) => `<!-- ${page} -->\n\n${textOf(page).trim()}\n`);
  writeFileSync(path.join(OUTPUT, 'llms-full.txt'), whole.join('\n---\n\n'));
  for (const page of PAGES) {
    const file = path.join(OUTPUT, 'text', target(page));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, textOf(page));
  }
}

function check(): void {
  const wrong = [...brokenLinks(OUTPUT, BASE), ...foreignLoads(OUTPUT)];
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

/** As vitest reports a suite, for .ci/sum.mjs. */
function report(): void {
  const directory = process.env['TEST_RESULTS'];
  if (directory === undefined) return;
  const count = (status: string): number => results.filter((result) => result.status === status).length;
  writeFileSync(
    path.join(directory, 'docs-site.json'),
    JSON.stringify({
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      testResults: [{ name: 'docs/site/build.ts', status: 'passed', assertionResults: results }],
    }),
  );
}
