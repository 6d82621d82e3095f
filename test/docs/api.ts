/** npm run docs:api: writes the pages of docs/api from the docstrings of what the doors export. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiPages } from './api/pages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

mkdirSync(`${ROOT}/docs/api`, { recursive: true });
for (const [file, text] of apiPages(ROOT)) writeFileSync(`${ROOT}/docs/api/${file}`, text);
