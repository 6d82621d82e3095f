/** Looks at the site that was built, as files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Html {
  readonly name: string;
  readonly text: string;
}

function htmlOf(directory: string): Html[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => ({ name: name.split(path.sep).join('/'), text: readFileSync(path.join(directory, name), 'utf8') }));
}

const plain = (text = ''): string => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"');

/**
 * Links and pictures whose file is not there, or not the heading that they name.
 * @returns a line each
 */
export function brokenLinks(directory: string, base: string): string[] {
  const pages = htmlOf(directory);
  const ids = new Map(
    pages.map(({ name, text }) => [name, new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => plain(id)))]),
  );
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].flatMap(([, link = '']) => {
      const [, file = '', anchor] = /^([^#]*)(?:#(.*))?$/.exec(decodeURI(plain(link))) ?? [];
      if (/^(?:[a-z]+:|\/\/)/.test(file)) return [];
      const found = file === '' ? name : resolved(name, file, base);
      if (found === undefined || !existsSync(path.join(directory, found))) return [`${name}: ${link} leads nowhere`];
      if (anchor === undefined || anchor === '' || !found.endsWith('.html') || ids.get(found)?.has(anchor) === true)
        return [];
      return [`${name}: ${link}: there is no such heading`];
    }),
  );
}

function resolved(from: string, link: string, base: string): string | undefined {
  if (link.startsWith('/') && !link.startsWith(base)) return undefined;
  const way = link.startsWith('/') ? link.slice(base.length) : path.posix.join(path.posix.dirname(from), link);
  return way === '' || way.endsWith('/') ? `${way}index.html` : way;
}

/**
 * What a browser would load from another server: scripts, styles, pictures, fonts.
 * @returns a line each
 */
export function foreignLoads(directory: string): string[] {
  const html = htmlOf(directory).flatMap(({ name, text }) =>
    [...text.matchAll(/<(?:script|img|iframe|link)\b[^>]*(?:src|href)="((?:https?:)?\/\/[^"]*)"/g)].map(
      ([, url]) => `${name}: loads ${url}`,
    ),
  );
  const styles = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.css'))
    .flatMap((name) =>
      [
        ...readFileSync(path.join(directory, name), 'utf8').matchAll(
          /(?:url\(|@import )["']?((?:https?:)?\/\/[^"')]*)/g,
        ),
      ].map(([, url]) => `${name}: loads ${url}`),
    );
  return [...html, ...styles];
}
