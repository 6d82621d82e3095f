/** docs/options.md, and the comments of options that editors show, are what the tables of options say. */
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { count, duration } from '../../../src/core/options.ts';
import { COMMENTED, withComments } from '../../docs/option-comments.ts';
import { optionsPage } from '../../docs/options-page.ts';

const PAGE = new URL('../../../docs/options.md', import.meta.url);

test('docs/options.md is up to date: npm run docs:options writes it', () => {
  expect(fs.readFileSync(PAGE, 'utf8')).toBe(optionsPage());
});

test.each(COMMENTED)('the comments of $name are up to date: npm run docs:options writes them', (commented) => {
  const text = fs.readFileSync(commented.file, 'utf8');
  expect(text).toBe(withComments(text, commented));
});

test('a comment says what the option does, in what unit, and its default', () => {
  const table = {
    wait: duration({ default: '2s', doc: 'how long', more: 'Not longer.' }),
    tries: count({ doc: 'how often' }),
  };
  const text =
    'export interface X {\n  /**\n   * Old.\n   */\n  readonly wait?: number;\n  readonly tries?: number;\n}\n';
  const waits = "/** How long. Not longer. In ms, or a text such as '250ms', '1s', '5m'. Default: 2s. */";
  expect(withComments(text, { name: 'X', table })).toBe(
    `export interface X {\n  ${waits}\n  readonly wait?: number;\n  /** How often. */\n  readonly tries?: number;\n}\n`,
  );
});
