/** docs/errors.md is what the tables of error codes say. */
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { ERROR_PAGES } from '../../../src/core/error-pages.ts';
import { ERROR_CODES } from '../../../src/core/errors.ts';
import { errorsPage } from '../../docs/errors-page.ts';

const PAGE = new URL('../../../docs/errors.md', import.meta.url);

test('docs/errors.md is up to date: npm run docs:errors writes it', () => {
  expect(fs.readFileSync(PAGE, 'utf8')).toBe(errorsPage());
});

test('every code has a page of its own, in the order of the codes', () => {
  expect(Object.keys(ERROR_PAGES)).toEqual(Object.keys(ERROR_CODES));
  const all = Object.values(ERROR_PAGES);
  for (const what of ['why', 'todo'] as const) {
    for (const page of all) expect(page[what]).toMatch(/^\S.{10,}\.$/);
    expect(new Set(all.map((page) => page[what])).size).toBe(all.length);
  }
});
