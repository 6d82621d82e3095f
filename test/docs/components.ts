/**
 * Writes docs/components.md from the declarations of the agent's components: `npm run docs:components`. The same text is compared with
 * the page by a unit test, so that a page that is out of date fails.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { componentsPage } from './components-page.ts';

/** Where the page is. */
const PAGE = fileURLToPath(new URL('../../docs/components.md', import.meta.url));

fs.writeFileSync(PAGE, componentsPage());
process.stdout.write(`${PAGE} is written\n`);
