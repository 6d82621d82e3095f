/** Type-checks all TypeScript blocks in one run of tsc. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Block, placeOf } from './block.ts';
import { type Project, ROOT } from './project.ts';

const CONTEXTS = path.join(import.meta.dirname, 'contexts');
/** Where the block goes in a context. */
const PLACE = /^ *\/\/ BLOCK\n/m;

/**
 * The block as a module: as it is, or in its context.
 * @throws Error where it names a context that is not there, or is a part of a program and names none
 */
export function moduleOf(block: Block): string {
  const context = block.words['in'];
  if (context === undefined) {
    if (!/^(?:\/\/.*\n|\/\*\*[\s\S]*?\*\/\n)*import /.test(block.code)) {
      throw new Error(`${placeOf(block)}: a part of a program says what stands around it: in=NAME, of ${CONTEXTS}`);
    }
    return `${block.code}export {};\n`;
  }
  let around: string;
  try {
    around = readFileSync(path.join(CONTEXTS, `${context}.ts`), 'utf8');
  } catch {
    throw new Error(`${placeOf(block)}: there is no test/docs/blocks/contexts/${context}.ts`);
  }
  if (!PLACE.test(around)) throw new Error(`contexts/${context}.ts has no line '// BLOCK'`);
  return around.replace(PLACE, () => block.code);
}

/**
 * Type-checks the blocks; those of one page see each other's files.
 * @throws Error with what tsc says, each line with the place of the block
 */
export async function typeCheck(project: Project, blocks: readonly Block[]): Promise<void> {
  const directory = path.join(project.directory, 'types');
  const places = new Map<string, string>();
  for (const [i, block] of blocks.entries()) {
    const page = path.join(block.page.replace(/\W/g, '-'));
    // A file that a page has twice is checked in both forms, the first one under its own name.
    const named = path.join(page, block.words['file'] ?? `block-${i}.ts`);
    const file = places.has(named) ? path.join(page, `block-${i}.ts`) : named;
    places.set(file, placeOf(block));
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), moduleOf(block));
  }
  const config = {
    extends: path.join(ROOT, 'test/tsconfig.json'),
    compilerOptions: { rootDir: ROOT, noUnusedLocals: false },
    include: [],
    files: [...places.keys()],
  };
  writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(config));
  const said = await tsc(directory);
  if (said === '') return;
  const named = said.replace(/^\S*?([^\s/]+\/[^\s(]+)\((\d+),/gm, (whole, _, line: string) => {
    const file = [...places.keys()].find((name) => whole.includes(`${name}(`));
    return file === undefined ? whole : `${places.get(file)} (line ${line} of ${path.basename(file)}, column `;
  });
  throw new Error(named);
}

/** What tsc says; nothing: all is right. */
function tsc(directory: string): Promise<string> {
  const program = path.join(ROOT, 'node_modules/.bin/tsc');
  return new Promise((resolve) => {
    execFile(
      program,
      ['-p', directory, '--noEmit', '--pretty', 'false'],
      { cwd: directory, timeout: 90_000 },
      (error, out) => resolve(error === null ? '' : out || String(error)),
    );
  });
}
