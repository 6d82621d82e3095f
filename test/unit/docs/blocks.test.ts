/** Every code block of README and docs/ is checked and run, and what it writes is what its page shows: test/docs/blocks/block.ts says how. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blocksOf, readPages } from '../../docs/blocks/block.ts';
import { typeCheck } from '../../docs/blocks/compile.ts';
import { runPage } from '../../docs/blocks/page-run.ts';
import { Project, ROOT } from '../../docs/blocks/project.ts';
import { STAND_INS } from '../../docs/blocks/stand-ins.ts';

const pages = readPages(ROOT).map((page) => ({ name: page.name, blocks: blocksOf(page) }));
const blocks = pages.flatMap((page) => page.blocks);

let project: Project;
beforeAll(async () => {
  project = await Project.make();
});
afterAll(() => project.remove());

test('TypeScript blocks are right in their types', async () => {
  const programs = blocks.filter(({ language, words }) => language === 'ts' && words['generated'] === undefined);
  expect(programs.length).toBeGreaterThan(10);
  await typeCheck(project, programs);
}, 120_000);

describe.concurrent('the blocks of a page do what it says', () => {
  test.each(pages.filter((page) => page.blocks.length > 0))(
    '$name',
    async (page) => {
      await runPage(project, page.name, page.blocks);
    },
    180_000,
  );
});

test('each command that is not run is called by some page', () => {
  const scripts = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
  const unused = Object.keys(STAND_INS).filter((name) => !scripts.some((code) => new RegExp(`\\b${name} `).test(code)));
  expect(unused).toEqual([]);
});
