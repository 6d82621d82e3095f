/** docs/options.md is what the tables of options say. */
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { optionsPage } from '../../docs/options-page.ts';

const PAGE = new URL('../../../docs/options.md', import.meta.url);

test('docs/options.md is up to date: npm run docs:options writes it', () => {
  expect(fs.readFileSync(PAGE, 'utf8')).toBe(optionsPage());
});
