/**
 * Writes docs/options.md and the comments of the interfaces of options from the tables of options: `npm run docs:options`. Both are compared
 * by unit tests, so that what is out of date fails.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { COMMENTED, withComments } from './option-comments.ts';
import { optionsPage } from './options-page.ts';

/** Where the page is. */
const PAGE = fileURLToPath(new URL('../../docs/options.md', import.meta.url));

fs.writeFileSync(PAGE, optionsPage());
for (const commented of COMMENTED) {
  const { file } = commented;
  fs.writeFileSync(file, withComments(fs.readFileSync(file, 'utf8'), commented));
}
process.stdout.write(`${PAGE} and the comments of ${COMMENTED.length} interfaces are written\n`);
