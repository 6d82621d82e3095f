/**
 * What a file exports says its type, so that a reader of it (and of its .d.ts) need not work the type out. tsc sees to that with
 * isolatedDeclarations. The tables of options alone have inferred types: these say of each option what fits and whether it has a default.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The first line of the statement in which a line is. */
function statementOf(file: string, line: number): string {
  const above = readFileSync(path.join(ROOT, file), 'utf8').split('\n').slice(0, line);
  return above.findLast((each) => /^[a-z]/.test(each)) ?? '';
}

test('exports say their types, tables of options excepted', () => {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const words = [tsc, '-p', 'tsconfig.json', '--noEmit', '--isolatedDeclarations', '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
  const errors = [...stdout.matchAll(/^(src\S+)\((\d+),\d+\): (.+)$/gm)];
  const others = errors.filter(
    ([, file = '', line]) => !/^export const \w+_OPTIONS? = /.test(statementOf(file, Number(line))),
  );
  expect(others.map(([error]) => error)).toEqual([]);
  // Where tsc says nothing at all, the test would hold for no reason.
  expect(errors.length).toBeGreaterThan(50);
}, 90_000);
