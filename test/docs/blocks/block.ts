/**
 * The code blocks of README.md and docs/, and what the words behind a block's language say of how it is run. GitHub and the site show none
 * of these words:
 *
 *   ts                     a program, since it begins with an import: it is type-checked and run
 *   ts in=stream           a part of a program: what stands around it is in contexts/stream.ts
 *   ts file=ticks.ts       is written to that file in the directory of its page, where later blocks find it
 *   ts later               is run by a shell block or a flume.conf of its page that names the file
 *   ts send="a b|c"        is sent these two events once it listens; a job without the word is sent "to be or not to be"
 *   ts stop=SIGINT         gets the signal when what it was sent is acknowledged
 *   ts peer                sends to a receiver that the runner starts at the port of the block
 *   ts generated           is of a page in docs/api, which is made from the sources: test/unit/docs/api.test.ts checks its examples
 *   sh                     is run by bash in the directory of the page; what cannot be run there is in stand-ins.ts, with why
 *   sh terminal=job        goes on in the background until the page ends, or a block says `ends=job` (as Ctrl+C), or has a terminal of the name
 *   text, json             is what the block before it writes; "…" stands for any text, alone on a line for any lines
 *   text of=job            is among what that terminal writes
 *   text stderr            is what the block before it (with `of`: the terminal) writes to stderr; of lines of the log, their messages
 *   text file=river.txt    a file; text drawing: neither file nor output
 *   properties             a part of a flume.conf; with file=NAME a whole one. Each goes through the reader, and whole ones through `streamjob check`, which refuses one that is `wrong`
 *   yaml, ini, dockerfile  are read, and the names in them are checked: formats.ts
 *
 * DOCS_SHOW=1 npx vitest run --config test/vitest.config.ts test/unit/docs/blocks -t PAGE shows what the blocks of a page write.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The words that each language may have behind it. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  ts: ['in', 'file', 'later', 'send', 'stop', 'peer', 'ends', 'generated'],
  sh: ['terminal', 'ends'],
  text: ['of', 'stderr', 'file', 'drawing'],
  json: ['file'],
  properties: ['file', 'wrong'],
  yaml: ['file'],
  ini: ['file'],
  dockerfile: ['file'],
};

/** A markdown file. */
export interface Page {
  /** From the root of the repository: `docs/agent.md`. */
  readonly name: string;
  readonly text: string;
}

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** The words behind the language; those without a value have the empty text. */
  readonly words: Readonly<Record<string, string>>;
  readonly code: string;
}

/** README.md and all pages below docs/, but for the packages of the site. */
export function readPages(root: string): Page[] {
  const below = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith(`site${path.sep}`))
    .map((name) => `docs/${name.split(path.sep).join('/')}`);
  return ['README.md', ...below.sort()].map((name) => ({ name, text: readFileSync(path.join(root, name), 'utf8') }));
}

/**
 * The blocks of a page in their order.
 * @throws Error where a fence is indented or left open, its language is not known, or it has words that its language does not have
 */
export function blocksOf({ name, text }: Page): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; info: string; code: string[] } | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (fence === null) {
      open?.code.push(line);
    } else if (fence[1] !== '') {
      throw new Error(`${name}:${i + 1}: a block within a list is not run: write it at the left edge`);
    } else if (open === undefined) {
      open = { line: i + 1, info: fence[2] ?? '', code: [] };
    } else {
      blocks.push(blockOf(name, open.line, open.info, `${open.code.join('\n')}\n`));
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`${name}:${open.line}: the block has no end`);
  return blocks;
}

function blockOf(page: string, line: number, info: string, code: string): Block {
  const [language = '', ...rest] = info.trim().split(/\s+/);
  const known = WORDS[language];
  if (known === undefined) {
    const languages = Object.keys(WORDS).join(', ');
    throw new Error(`${page}:${line}: blocks of '${language}' are not run: write one of ${languages}`);
  }
  const words = wordsOf(rest.join(' '));
  if (words['generated'] !== undefined && !page.startsWith('docs/api/')) {
    throw new Error(`${page}:${line}: only pages of docs/api have generated blocks`);
  }
  const unknown = Object.keys(words).filter((word) => !known.includes(word));
  if (unknown.length > 0) {
    throw new Error(`${page}:${line}: ${language} has no '${unknown.join("', '")}', but ${known.join(', ')}`);
  }
  return { page, line, language, words, code };
}

function wordsOf(info: string): Record<string, string> {
  const found = [...info.matchAll(/([^\s=]+)(?:=(?:"([^"]*)"|(\S+)))?/g)];
  return Object.fromEntries(found.map(([, word = '', quoted, plain]) => [word, quoted ?? plain ?? '']));
}

/** Where a block stands: `docs/agent.md:12`. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}
