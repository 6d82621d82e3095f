import { expect, it } from 'vitest';
import { LineSplitter } from '../../../../src/agent/sources/line-splitter.ts';

const TEXT = 'one\ntwo\r\nthree\rfour\r\r\nfive';

it.each([1, 2, 3, 100])('gives the same lines for pieces of %i characters', (size) => {
  const splitter = new LineSplitter();
  const lines: string[] = [];
  for (let at = 0; at < TEXT.length; at += size) lines.push(...splitter.push(TEXT.slice(at, at + size)));
  expect([...lines, splitter.end()]).toEqual(['one', 'two', 'three', 'four', '', 'five']);
});

it('cuts a line that does not end, whether it comes at once or in pieces', () => {
  const long = 'x'.repeat(2.5 * 1024 * 1024);
  for (const size of [long.length, 10_000]) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < long.length; at += size) lines.push(...splitter.push(long.slice(at, at + size)));
    expect(lines.map(({ length }) => length)).toEqual([1024 * 1024, 1024 * 1024]);
    expect(splitter.end()).toHaveLength(0.5 * 1024 * 1024);
  }
});
