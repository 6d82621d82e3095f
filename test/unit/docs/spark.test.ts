/** The pages for those who come from Spark: the names of our column are there, none is missing, and each trouble has a test that shows it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { DStream } from '../../../src/graph/dstream.ts';
import { RDD } from '../../../src/graph/rdd.ts';
import { StateSpec } from '../../../src/graph/state/state-spec.ts';
import { ROOT } from '../../docs/blocks/project.ts';

const read = (page: string): string => readFileSync(path.join(ROOT, 'docs', page), 'utf8');
const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The cells of our columns in moving-from-spark.md. */
function ourCells(): string[] {
  const cells: string[] = [];
  let ours: number[] = [];
  for (const line of read('moving-from-spark.md').split('\n')) {
    if (!line.startsWith('|')) ours = [];
    else if (line.startsWith('| Scala')) ours = cellsOf(line).flatMap((cell, i) => (cell === 'streamjob' ? [i] : []));
    else if (!line.startsWith('| ---')) cells.push(...ours.map((i) => cellsOf(line)[i] ?? ''));
  }
  return cells;
}

/** What the first part of a name is of. */
const OWNERS: Readonly<Record<string, object>> = {
  ssc: StreamingContext.prototype,
  StreamingContext,
  stream: DStream.prototype,
  rdd: RDD.prototype,
  spec: StateSpec.prototype,
};
/** Not for users, or told on the page in words. */
const NOT_LISTED = [
  'constructor',
  'nodeOf',
  'inputStream',
  'valuesStream',
  'name',
  'storageLevel',
  'batchInterval',
  'waitingEvents',
  'receivers',
];

test('each name of our column is there', () => {
  const names = ourCells().flatMap((cell) => [...cell.matchAll(/`(\w+)\.([\w$]+)`/g)]);
  expect(names.length).toBeGreaterThan(85);
  const wrong = names.filter(([, owner = '', name = '']) => !(owner in OWNERS) || !(name in (OWNERS[owner] as object)));
  expect(wrong.map(([text]) => text)).toEqual([]);
});

test('each row names something of ours, or says what to take', () => {
  expect(ourCells().filter((cell) => !/`|^none: /.test(cell))).toEqual([]);
});

test.each([
  ['stream', DStream.prototype],
  ['ssc', StreamingContext.prototype],
])('all methods of %s are in the tables', (owner, prototype) => {
  const listed = new Set(
    [
      ...ourCells()
        .join(' ')
        .matchAll(/`(\w+)\.([\w$]+)`/g),
    ].map(([, of, name]) => `${of}.${name}`),
  );
  const names = Object.getOwnPropertyNames(prototype).filter((name) => !NOT_LISTED.includes(name));
  expect(names.filter((name) => !listed.has(`${owner}.${name}`))).toEqual([]);
});

const rows = read('what-went-wrong-in-spark.md')
  .split('\n')
  .filter((line) => /^\| (?!---|What went wrong)/.test(line))
  .map(cellsOf);

test('there is a row for each of what users have told', () => {
  expect(rows.length).toBe(27);
  expect(new Set(rows.map(([trouble]) => trouble)).size).toBe(27);
});

test.each(rows)('%s', (_trouble, _where, _here, shown = '') => {
  const [, title = '', file = ''] = /^\[(.+)\]\(\.\.\/(test\/[^)]+)\)$/.exec(shown) ?? [];
  expect(existsSync(path.join(ROOT, file))).toBe(true);
  const source = readFileSync(path.join(ROOT, file), 'utf8');
  // A test of that very title, not the words somewhere.
  const escaped = title.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  expect(source).toMatch(new RegExp(`\\b(?:test|it)(?:\\.\\w+)*(?:\\([^()]*\\))?\\(\\s*['"\`]${escaped}['"\`]`));
});
