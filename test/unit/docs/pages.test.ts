/** README and docs/: every link leads somewhere, every page is found from README, and README stays short. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Page, readPages } from '../../docs/blocks/block.ts';
import { ROOT } from '../../docs/blocks/project.ts';

const pages = readPages(ROOT);

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

/** Links within the repository: the file, from its root, and the anchor. Pictures of HTML are links, too. */
function linksOf({ name, text }: Page): { link: string; file: string; anchor: string | undefined }[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, 'code');
  const links = prose.matchAll(/(?:\]\(|(?:src|srcset|href)=")(?!https?:)([^)#\s"]*)(?:#([^)\s"]+))?[)"]/g);
  return [...links].map(([link, file = '', anchor]) => ({
    link,
    file: file === '' ? name : path.join(path.dirname(name), file),
    anchor,
  }));
}

test('README has at most 150 lines', () => {
  expect(pages.find(({ name }) => name === 'README.md')?.text.split('\n').length).toBeLessThanOrEqual(151);
});

test('every link within the repository leads to a file, and to a heading of it', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page).flatMap(({ link, file, anchor }) => {
      const target = path.join(ROOT, file);
      if (!existsSync(target)) return [`${page.name}: ${link}`];
      if (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor)) return [];
      return [`${page.name}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page of docs/ itself is read from README, those of its folders from one of these', () => {
  const [readme, ...others] = pages;
  const top = linksOf(readme as Page).map(({ file }) => file);
  const named = new Set(pages.flatMap(linksOf).map(({ file }) => file));
  const below = (name: string): boolean => name.split('/').length > 2;
  expect(others.filter(({ name }) => !(below(name) ? named.has(name) : top.includes(name)))).toEqual([]);
});
