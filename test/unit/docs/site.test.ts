/** The site of the documentation: what it is made of is in order, and what is wrong with one that was built is found. .ci/run builds it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { brokenLinks, foreignLoads } from '../../../docs/site/check.ts';
import { forSite, GROUPS, PAGES, slug, summaryOf, titleOf } from '../../../docs/site/pages.ts';
import { readPages } from '../../docs/blocks/block.ts';
import { ROOT } from '../../docs/blocks/project.ts';
import { ownDirectory } from '../../kit/directory.ts';

test('the sidebar has every page once', () => {
  expect([...PAGES].sort()).toEqual(
    readPages(ROOT)
      .map(({ name }) => name)
      .sort(),
  );
});

test('README names the groups of the sidebar, each with its pages', () => {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| \*\*(\w+)\*\* \|(?: \|)?$|^\| .*?\(docs\//gm)];
  expect(rows.length).toBeGreaterThan(0);
  let at = 0;
  for (const { group, pages } of GROUPS) {
    at = readme.indexOf(`| **${group}** |`, at);
    expect([group, at]).not.toEqual([group, -1]);
    for (const page of pages.filter((each) => /^docs\/[^/]+$/.test(each))) {
      const next = readme.indexOf('| **', at + 4);
      const own = readme.slice(at, next === -1 ? undefined : next);
      expect([group, page, own.includes(`(${page})`)]).toEqual([group, page, true]);
    }
  }
});

test('every page has a title and a first paragraph, which llms.txt shows', () => {
  for (const page of PAGES) {
    expect(titleOf(page)).not.toBe(page);
    expect([page, summaryOf(page)]).toEqual([page, expect.stringMatching(/^.{20,}[.:]/)]);
  }
});

test('the links of a page lead to where their files stand on the site, and the files are told', () => {
  const copied: [string, string][] = [];
  const readme = forSite('README.md', (...each) => copied.push(each));
  expect(readme).toContain('](./agent.md)');
  expect(readme).toContain('](./web-page.png)');
  expect(copied).toContainEqual(['docs/web-page.png', 'web-page.png']);
  const flows = forSite('docs/flows.md', (...each) => copied.push(each));
  expect(flows).toContain('](/files/docs/flows/fan-out.conf.txt)');
  expect(copied).toContainEqual(['docs/flows/fan-out.conf', 'public/files/docs/flows/fan-out.conf.txt']);
});

test('headings have the anchors that GitHub gives them', () => {
  expect(slug('What it promises: `kill -9`')).toBe('what-it-promises-kill--9');
});

test('a link to a page, a heading or a picture that is not there is found, and so is what is loaded from elsewhere', () => {
  const directory = ownDirectory();
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
    writeFileSync(path.join(directory, name), text);
  };
  write(
    'a.html',
    '<h1 id="one">A</h1> <a href="./b/c.html#two">c</a> <a href="/b/c.html">c</a> <a href="https://x.example">x</a>',
  );
  write('b/c.html', '<h2 id="two">C</h2> <a href="../a.html#one">a</a>');
  expect(brokenLinks(directory, '/')).toEqual([]);
  expect(foreignLoads(directory)).toEqual([]);
  write(
    'd.html',
    '<a href="./none.html">x</a> <a href="./a.html#none">x</a> <img src="./none.png"> <script src="//cdn.example/x.js"></script>',
  );
  write('e.css', '@import "https://fonts.example/x.css"; a { background: url(https://pictures.example/x.png); }');
  expect(brokenLinks(directory, '/')).toEqual([
    'd.html: ./none.html leads nowhere',
    'd.html: ./a.html#none: there is no such heading',
    'd.html: ./none.png leads nowhere',
  ]);
  expect(foreignLoads(directory)).toHaveLength(3);
});
