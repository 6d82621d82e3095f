/** npm run docs:sizing: writes the tables of docs/sizing.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { sizingPage } from './sizing-page.ts';

const PAGE = new URL('../../docs/sizing.md', import.meta.url);

writeFileSync(PAGE, sizingPage(readFileSync(PAGE, 'utf8')));
