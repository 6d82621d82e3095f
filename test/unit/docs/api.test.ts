/** docs/api is what the docstrings of the doors say: every public name is there with a sentence, and its examples are right. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Declaration, exportsOf } from '../../docs/api/declarations.ts';
import { exampleModule } from '../../docs/api/examples.ts';
import { apiPages } from '../../docs/api/pages.ts';
import { ROOT } from '../../docs/blocks/project.ts';

const DOORS = ['src/index.ts', 'src/agent.ts', 'src/testing.ts'];
const pages = apiPages(ROOT);
const all = new Map(DOORS.flatMap((door) => exportsOf(ROOT, door)).map((each) => [each.name, each]));

/** What a declaration and its members say, by their names. */
const documented = ({ name, doc, signatures, members }: Declaration) => [
  { name, doc, signatures },
  ...members.map((member) => ({ ...member, name: `${name}.${member.name}` })),
];

test.each([...pages.keys()])('docs/api/%s is up to date: npm run docs:api writes it', (file) => {
  expect(readFileSync(path.join(ROOT, 'docs/api', file), 'utf8')).toBe(pages.get(file));
});

test('each name that a door exports has a section, on one page', () => {
  const sections = [...pages.values()].flatMap((text) => [...text.matchAll(/^## (\w+)$/gm)].map(([, name]) => name));
  expect(sections.sort()).toEqual([...all.keys()].sort());
  expect(sections.length).toBeGreaterThan(100);
});

test('each of them, and each public member, has a docstring that says what it is', () => {
  const without = [...all.values()].flatMap(documented).filter(({ doc }) => (doc?.text.length ?? 0) < 4);
  expect(without.map(({ name }) => name)).toEqual([]);
});

test('a parameter that a docstring names is one of the signature', () => {
  const wrong = [...all.values()].flatMap(documented).flatMap(({ doc, name, signatures }) =>
    (doc?.params ?? [])
      .filter((param) => {
        const text = signatures.join('\n');
        // A test of a name as a whole word: what is destructured is named by what it is.
        return !new RegExp(`\\b${param.name.replace(/[^\w]/g, '')}\\b`).test(text) && !text.includes('{');
      })
      .map((param) => `${name}: ${param.name}`),
  );
  expect(wrong).toEqual([]);
});

test('examples are right in their types; those of DStream and RDD are run elsewhere', async () => {
  const directory = mkdtempSync(path.join(ROOT, 'test', '.blocks-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const files: string[] = [];
  for (const { doc, name } of [...all.values()]
    .filter(({ name }) => name !== 'DStream' && name !== 'RDD')
    .flatMap(documented)) {
    for (const [i, example] of (doc?.examples ?? []).entries()) {
      const file = `${name.replace('.', '-')}-${i}.ts`;
      mkdirSync(directory, { recursive: true });
      writeFileSync(path.join(directory, file), exampleModule(example));
      files.push(file);
    }
  }
  expect(files.length).toBeGreaterThan(40);
  const config = {
    extends: '../tsconfig.json',
    compilerOptions: { rootDir: ROOT, noUnusedLocals: false, declaration: false },
    include: [],
    files,
  };
  writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(config));
  const said = await new Promise<string>((resolve) => {
    execFile(
      path.join(ROOT, 'node_modules/.bin/tsc'),
      ['-p', directory, '--noEmit', '--pretty', 'false'],
      (error, out) => resolve(error === null ? '' : out || String(error)),
    );
  });
  expect(said).toBe('');
}, 90_000);
