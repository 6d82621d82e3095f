/** The user's line in a stack: ES modules, CommonJS, tsx's queries; never our own frames, Node's or an installed package's. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { callSite, userFrame } from '../../../src/core/call-site.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const CWD = process.cwd();
const frames = (...lines: string[]): string => ['Error: no', ...lines.map((line) => `    at ${line}`)].join('\n');

test.each<[string, string, string]>([
  ['an ES module, by its URL', `file://${CWD}/jobs/count.ts:12:6`, 'jobs/count.ts:12:6'],
  ['a function of it', `build (file://${CWD}/jobs/count.ts:12:6)`, 'jobs/count.ts:12:6'],
  ['an async function', `async build (file://${CWD}/jobs/count.ts:12:6)`, 'jobs/count.ts:12:6'],
  ['a method with an alias', `Object.map [as run] (file://${CWD}/jobs/count.ts:1:2)`, 'jobs/count.ts:1:2'],
  ['a CommonJS module, by its path', `build (${CWD}/jobs/count.cts:3:4)`, 'jobs/count.cts:3:4'],
  ['a path alone', `${CWD}/jobs/count.js:3:4`, 'jobs/count.js:3:4'],
  ['a function without a name, by a source map', `<anonymous> (${CWD}/jobs/count.ts:3:4)`, 'jobs/count.ts:3:4'],
  ["tsx's query", `build (file://${CWD}/jobs/count.ts?tsx-namespace=1700000000000:12:6)`, 'jobs/count.ts:12:6'],
  ["tsx's query without parentheses", `file://${CWD}/jobs/count.ts?namespace=1:12:6`, 'jobs/count.ts:12:6'],
  ['a module elsewhere', 'build (file:///srv/jobs/count.ts:12:6)', '/srv/jobs/count.ts:12:6'],
  ['spaces in a URL', `build (file://${CWD}/my%20jobs/count.ts:12:6)`, 'my jobs/count.ts:12:6'],
  ['spaces in a path', `build (${CWD}/my jobs/count.js:12:6)`, 'my jobs/count.js:12:6'],
  ['parentheses in a path', `build (${CWD}/jobs (old)/count.js:12:6)`, 'jobs (old)/count.js:12:6'],
  ['a folder that begins with dots', `build (${CWD}/..jobs/count.js:1:1)`, '..jobs/count.js:1:1'],
])('is found: %s', (_, frame, expected) => {
  expect(userFrame(frames(frame))).toBe(expected);
});

test.each([
  ['ours', `map (file://${ROOT}/src/graph/dstream.ts:1:2)`],
  ['ours, by path', `map (${ROOT}/src/graph/dstream.ts:1:2)`],
  ["Node's", 'process.processTicksAndRejections (node:internal/process/task_queues:95:5)'],
  ["an installed package's", `file://${CWD}/node_modules/rxjs/dist/cjs/Subject.js:1:2`],
  ['native', 'Array.map (<anonymous>)'],
  ['evaluated in a file', `eval (eval at run (${CWD}/jobs/count.js:1:1), <anonymous>:1:7)`],
  ['of a text that was evaluated', 'eval (eval at run (<anonymous>:1:1), <anonymous>:1:7)'],
])('is passed over: one that is %s', (_, frame) => {
  expect(userFrame(frames(frame))).toBeUndefined();
  expect(userFrame(frames(frame, `file://${CWD}/jobs/count.ts:9:9`))).toBe('jobs/count.ts:9:9');
});

test('a message that looks like a frame is none', () => {
  expect(userFrame(`Error: see\nat /etc/passwd:1:2\n    at file://${CWD}/jobs/count.ts:9:9`)).toBe('jobs/count.ts:9:9');
});

test('no stack has no frame', () => {
  expect(userFrame(undefined)).toBeUndefined();
  expect(userFrame('')).toBeUndefined();
});

test('the line that led here is this one, and the limit of stacks stays as it was', () => {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  try {
    expect(callSite()).toMatch(new RegExp(`^${path.relative(CWD, fileURLToPath(import.meta.url))}:\\d+:\\d+$`));
    expect(Error.stackTraceLimit).toBe(1);
  } finally {
    Error.stackTraceLimit = before;
  }
});
