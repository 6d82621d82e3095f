/** docs/components.md says what the declarations say. */
import fs from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { componentsPage } from '../../../docs/components-page.ts';

const PAGE = fileURLToPath(new URL('../../../../docs/components.md', import.meta.url));

it('docs/components.md is what the declarations give: run `npm run docs:components` after a change', () => {
  expect(fs.readFileSync(PAGE, 'utf8')).toBe(componentsPage());
});

it('docs/components.md says nothing of the machine that it was made on', () => {
  expect(componentsPage()).not.toContain(os.homedir());
});
