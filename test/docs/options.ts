/**
 * Writes docs/options.md from the tables of options: `npm run docs:options`. The same text is compared with the page by a unit test, so
 * that a page that is out of date fails.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionsPage } from './options-page.ts';

/** Where the page is. */
const PAGE = fileURLToPath(new URL('../../docs/options.md', import.meta.url));

fs.writeFileSync(PAGE, optionsPage());
process.stdout.write(`${PAGE} is written\n`);
