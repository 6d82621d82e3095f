/** docs/moving-a-flume-conf.md names each type that is refused: what comes here later is taken out of it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { notHere } from '../../../src/agent/conf/not-here.ts';
import { ROOT } from '../../docs/blocks/project.ts';

const page = readFileSync(path.join(ROOT, 'docs/moving-a-flume-conf.md'), 'utf8');
const refused = page.slice(page.indexOf('## What is refused'), page.indexOf('## What cannot be taken over'));

test('each type of Flume that is refused has a row, and each type in such a row is refused', () => {
  const kinds = ['sources', 'channels', 'sinks', 'interceptors'] as const;
  const short = new Set(kinds.flatMap((kind) => Object.keys(notHere(kind))).filter((name) => !name.includes('.')));
  const rows = refused.split('\n').filter((line) => /^\| a (?:source|sink|channel) `/.test(line));
  const named = rows.flatMap((line) =>
    [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );
  expect([...new Set(named)].sort()).toEqual([...short].sort());
});

test('what has no short name is named by what it is', () => {
  const long = (['sources', 'channels', 'sinks'] as const).flatMap((kind) => Object.keys(notHere(kind)));
  for (const name of ['kafka', 'scribe']) {
    expect([name, long.some((type) => type.includes(name))]).toEqual([name, true]);
    expect(refused.toLowerCase()).toContain(name);
  }
});
