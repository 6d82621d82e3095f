/** What the compiler tells users: tsc is run on a line as they would write it, and its message is read. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SENTENCE = 'an async function cannot be used here: its batch would not wait for it';

/** Lines that do not compile, each with what its message must hold. */
const LINES: readonly (readonly [string, string])[] = [
  ['numbers.map(async (n) => n);', SENTENCE],
  ['numbers.map(async (n) => { await null; return n; });', SENTENCE],
  ['numbers.map((n) => (n > 1 ? Promise.resolve(n) : n));', SENTENCE],
  ['pairs.mapValues(async (n) => n);', SENTENCE],
  ['pairs.combineByKey(async (n) => n, (sum) => sum, (sum) => sum);', SENTENCE],
  ['pairs.updateStateByKey(async () => 1);', SENTENCE],
  ['pairs.updateStateByKey(async (values, state) => (state ?? 0) + values.length);', "'Promise<number>'"],
  ['StateSpec.function(async (_: string, n: number | undefined, state: State<number>) => n);', 'No overload matches'],
  ['StateSpec.function(async (_: number, k: string, n: number | undefined, s: State<number>) => n);', SENTENCE],
  ['rdd.map(async (n) => n);', SENTENCE],
  ['rdd.mapValues(async (n) => n);', SENTENCE],
  ['rdd.keyBy(async (n) => n);', SENTENCE],
  ['rdd.groupBy(async (n) => n);', SENTENCE],
  ['rdd.sortBy(async (n) => n);', SENTENCE],
  ['rdd.combineByKey(async (n) => n, (sum) => sum, (sum) => sum);', SENTENCE],
  ["pairs.updateStateByKey((values, state) => 'text');", "Type 'string' is not assignable to type 'number'"],
];
const HEAD = `import { type DStream, type RDD, type State, StateSpec } from 'streamjob';
declare const numbers: DStream<number>;
declare const pairs: DStream<readonly [string, number]>;
declare const rdd: RDD<readonly [string, number]>;
`;

let directory: string;
let messages: ReadonlyMap<number, string>;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'streamjob-types-'));
  writeFileSync(path.join(directory, 'job.mts'), HEAD + LINES.map(([line]) => line).join('\n'));
  const compilerOptions = {
    paths: { streamjob: [path.join(ROOT, 'src/index.ts')] },
    typeRoots: [path.join(ROOT, 'node_modules/@types')],
    rootDir: '/',
  };
  writeFileSync(
    path.join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: path.join(ROOT, 'test/tsconfig.json'), compilerOptions, include: ['job.mts'] }),
  );
  messages = byLine(await tsc(directory));
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each(LINES)('%s', (line, message) => {
  const number = HEAD.split('\n').length + LINES.findIndex(([each]) => each === line);
  expect(messages.get(number)).toContain(message);
});

test('nothing but these lines is refused', () => {
  expect(messages.size).toBe(LINES.length);
});

function tsc(project: string): Promise<string> {
  const bin = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, '-p', project, '--pretty', 'false'], (_, stdout) => resolve(stdout));
  });
}

/** tsc's messages by the line of job.mts that they are about, with the indented lines behind each. */
function byLine(output: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const message of output.split(/\n(?=\S)/)) {
    const line = /job\.mts\((\d+),/.exec(message)?.[1];
    found.set(line === undefined ? -1 : Number(line), message);
  }
  return found;
}
