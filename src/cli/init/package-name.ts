/** A name for the package of a new project, from the name of its directory. */
import { isBuiltin } from 'node:module';

/** What a project is called whose directory has no letter that a package may have. */
const NAMELESS = 'job';
/** npm's limit, and room for what is put behind. */
const LONGEST = 200;
/** Names that npm refuses. */
const REFUSED = ['node_modules', 'favicon.ico'];

/**
 * What npm takes as a name: small letters, digits, hyphens, dots and underscores, beginning with a letter or a digit. Accents are left out.
 * @param taken names that the project cannot have, since it installs these packages
 * @example packageNameOf('My Zähler', []) // 'my-zahler'
 */
export function packageNameOf(directory: string, taken: readonly string[]): string {
  const plain = directory
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, LONGEST)
    .replace(/[._-]+$/, '');
  if (plain === '') return NAMELESS;
  return taken.includes(plain) || REFUSED.includes(plain) || isBuiltin(plain) ? `${plain}-${NAMELESS}` : plain;
}
