/** Whether a file is a CommonJS or an ES module. */

import path from 'node:path';
import { fsSync } from '../core/machine.ts';

/** As Node and TypeScript decide it: by the ending, else by the nearest package.json. @param file an absolute path */
export function isCommonJs(file: string): boolean {
  if (/\.[cm][jt]s$/.test(file)) return /\.c[jt]s$/.test(file);
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (fsSync.existsSync(manifest))
      return (JSON.parse(fsSync.readFileSync(manifest, 'utf8')) as { type?: string }).type !== 'module';
    // Without any package Node decides by the syntax, and a job has import and export.
    if (directory === path.dirname(directory)) return false;
  }
}
