/** Writes docs/errors.md from the tables of error codes: `npm run docs:errors`. A unit test compares the two. */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errorsPage } from './errors-page.ts';

const PAGE = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

fs.writeFileSync(PAGE, errorsPage());
process.stdout.write(`${PAGE} is written\n`);
