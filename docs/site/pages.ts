/**
 * Which pages the site has, in which groups, and what each becomes. The pages are README.md and the markdown below docs/, as they lie in the
 * repository; README.md is the first page. What a page links to that is no page (a configuration, a test) is copied beside the pages as text.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
/** Where VitePress finds the pages. */
export const SOURCE: string = fileURLToPath(new URL('.pages', import.meta.url));
/** Where the site is written. */
export const OUTPUT: string = fileURLToPath(new URL('dist', import.meta.url));

interface Group {
  readonly group: string;
  readonly pages: readonly string[];
}

/** Groups with the paths of their pages from the root of the repository; a path that ends with / stands for all pages of a folder. */
export const GROUPS: readonly Group[] = (
  JSON.parse(readFileSync(new URL('sidebar.json', import.meta.url), 'utf8')) as Group[]
).map(({ group, pages }) => ({ group, pages: pages.flatMap(pagesOf) }));

/** All pages in the order of the sidebar. */
export const PAGES: readonly string[] = GROUPS.flatMap(({ pages }) => pages);

function pagesOf(entry: string): string[] {
  if (!entry.endsWith('/')) return [entry];
  const names = readdirSync(path.join(ROOT, entry)).filter((name) => name.endsWith('.md'));
  return names.sort().map((name) => `${entry}${name}`);
}

/** Where a page of the repository stands on the site. @example target('docs/agent.md') // 'agent.md' */
export function target(page: string): string {
  return page === 'README.md' ? 'index.md' : page.replace(/^docs\//, '');
}

/** Its first heading. */
export function titleOf(page: string): string {
  return /^# (.+)$/m.exec(textOf(page))?.[1]?.replaceAll('`', '') ?? page;
}

export function textOf(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Its first paragraph, on one line, without the marks of links. */
export function summaryOf(page: string): string {
  const paragraphs = textOf(page)
    .replace(/^---\n[\s\S]*?\n---\n/, '')
    .split(/\n{2,}/);
  const first = paragraphs.find((text) => /^(?!```)[A-Z`*]/.test(text)) ?? '';
  return first
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Of headings, as GitHub makes them, so that a link to a heading leads there in both places. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-');
}

/**
 * The text of a page for the site: its links lead to where their files stand there.
 * @param copy is told of each file that is no page and is to be copied: its path from the root of the repository, and on the site
 */
export function forSite(page: string, copy: (from: string, to: string) => void): string {
  const from = path.posix.dirname(target(page));
  const link = (whole: string, before: string, file: string, after: string): string => {
    if (file === '' || /^\w+:/.test(file)) return whole;
    const found = path.posix.join(path.posix.dirname(page), file);
    if (PAGES.includes(found)) return `${before}${relative(from, target(found))}${after}`;
    if (!existsSync(path.join(ROOT, found))) throw new Error(`${page}: there is no ${found}`);
    if (statSync(path.join(ROOT, found)).isDirectory()) throw new Error(`${page}: ${found} is a directory`);
    const picture = /\.(?:png|svg)$/.test(found);
    const to = picture ? found.replace(/^docs\//, '') : `files/${found}.txt`;
    copy(found, picture ? to : `public/${to}`);
    return picture ? `${before}${relative(from, to)}${after}` : `${before}/${to})`;
  };
  return textOf(page)
    .split(/(^```[\s\S]*?^```$|`[^`\n]+`)/m)
    .map((part) =>
      part.startsWith('`')
        ? part
        : part.replace(/(\]\()([^)#\s]*)((?:#[^)\s]*)?\))/g, link).replace(/((?:src|srcset)=")([^"#]*)(")/g, link),
    )
    .join('');
}

function relative(from: string, to: string): string {
  const way = path.posix.relative(from, to);
  return way.startsWith('.') ? way : `./${way}`;
}
