/** The version of this package, as its package.json has it. */
import { fsSync } from '../core/machine.ts';
import { OWN_CODE } from '../core/module-url.ts';

export function packageVersion(): string {
  const text = fsSync.readFileSync(new URL('../package.json', OWN_CODE), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
