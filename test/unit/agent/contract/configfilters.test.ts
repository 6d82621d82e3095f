/** Every config filter keeps what a config filter promises. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configFilters } from '../../../../src/agent/configfilters/index.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { configFilterContract, type FilterFixture } from './configfilters.ts';
import { forEveryEntry } from './entries.ts';

/** A program that knows one key. */
function knowsOne(): string {
  const file = path.join(ownDirectory(), 'knows-one.sh');
  writeFileSync(file, '#!/bin/sh\n[ "$1" = my_password_key ] || exit 1\nprintf "filtered\\nsecond line\\n"\n');
  chmodSync(file, 0o755);
  return file;
}

const fixtures: Readonly<Record<string, FilterFixture>> = {
  env: { properties: () => ({}), env: { my_password_key: 'filtered' } },
  external: { properties: () => ({ command: knowsOne() }), env: {} },
};

forEveryEntry(configFilters, fixtures, configFilterContract);
