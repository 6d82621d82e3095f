/** Runs the blocks of a page in their order, in a directory of the page's own. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Block, placeOf } from './block.ts';
import { compare, indented, patternOf } from './expected.ts';
import { checkDockerfile, checkFragment, checkJson, checkUnit, checkYaml } from './formats.ts';
import { type Ended, Ports, Running } from './process.ts';
import { runProgram } from './programs.ts';
import type { Project } from './project.ts';

/** What blocks of a page need to run. */
export interface Place {
  readonly project: Project;
  readonly directory: string;
  readonly ports: Ports;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs a page.
 * @throws Error that begins with the place of the block that did not do what its page says
 */
export async function runPage(project: Project, page: string, blocks: readonly Block[]): Promise<void> {
  await new PageRun(await placeFor(project, page), blocks).run();
}

async function placeFor(project: Project, page: string): Promise<Place> {
  const directory = project.pageDirectory(page);
  return {
    project,
    directory,
    ports: await Ports.make(),
    env: {
      PATH: project.path,
      BLOCKS_BIN: project.bin,
      HOME: directory,
      TMPDIR: directory,
      NO_COLOR: '1',
      // What vitest sets is not for what the blocks start.
      NODE_ENV: 'test',
      NODE_OPTIONS: '',
      VITEST: '',
    },
  };
}

class PageRun {
  readonly #place: Place;
  readonly #blocks: readonly Block[];
  readonly #terminals = new Map<string, Running>();
  /** What the last block that ran has written. */
  #last: { readonly block: Block; readonly ended: Ended } | undefined;

  constructor(place: Place, blocks: readonly Block[]) {
    this.#place = place;
    this.#blocks = blocks;
  }

  async run(): Promise<void> {
    // Files come first: a flume.conf may name a module that stands below it on its page.
    for (const block of [...this.#blocks].reverse()) this.#write(block);
    try {
      for (const block of this.#blocks) {
        try {
          this.#write(block);
          for (const name of block.words['ends']?.split(',') ?? []) await this.#end(name);
          await this.#step(block);
        } catch (error) {
          throw new Error(`${placeOf(block)}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    } finally {
      for (const terminal of this.#terminals.values()) terminal.signal('SIGKILL');
    }
  }

  /** As Ctrl+C in that terminal. */
  async #end(name: string): Promise<void> {
    const terminal = this.#terminals.get(name);
    if (terminal === undefined) throw new Error(`there is no terminal '${name}' above it`);
    terminal.signal('SIGINT');
    await terminal.ended;
    this.#terminals.delete(name);
  }

  #write({ words: { file }, code }: Block): void {
    if (file === undefined) return;
    const whole = path.join(this.#place.directory, file);
    mkdirSync(path.dirname(whole), { recursive: true });
    writeFileSync(whole, this.#place.ports.inCode(code));
  }

  async #step(block: Block): Promise<void> {
    const { language, words } = block;
    if (words['generated'] !== undefined) return;
    if (language === 'ts') return await this.#program(block);
    if (language === 'sh') return await this.#shell(block);
    if (language === 'properties') return await this.#conf(block);
    if (language === 'yaml') return checkYaml(block);
    if (language === 'ini') return checkUnit(block);
    if (language === 'dockerfile') return checkDockerfile(block);
    if (words['drawing'] !== undefined) return;
    if (words['file'] !== undefined) return language === 'json' ? checkJson(block) : undefined;
    if (words['of'] !== undefined) return await this.#shownBy(block, words['of']);
    this.#compare(block);
  }

  async #program(block: Block): Promise<void> {
    this.#last = undefined;
    if (block.words['later'] !== undefined) return this.#named(block);
    const ended = await runProgram(this.#place, block);
    if (ended === undefined) return this.#named(block);
    if (ended.code !== 0) throw new Error(`it ended with ${ended.code}\n${indented(ended.stderr)}`);
    this.#last = { block, ended };
  }

  /** Some other block must use it. */
  #named({ words: { file = '' }, line }: Block): void {
    const name = path.basename(file).replace(/\.ts$/, '');
    const users = this.#blocks.filter((other) => other.line !== line && other.language !== 'text');
    if (file !== '' && users.some(({ code }) => code.includes(name))) return;
    throw new Error('nothing runs it: no other block of the page names its file');
  }

  async #shell(block: Block): Promise<void> {
    const { directory, env, ports } = this.#place;
    const name = block.words['terminal'];
    if (name !== undefined && this.#terminals.has(name)) await this.#end(name);
    const script = `${name === undefined ? 'set -euo pipefail' : 'set -e'}\n${ports.inCode(block.code)}`;
    const running = new Running('bash', ['-c', script], directory, env);
    if (name !== undefined) {
      this.#terminals.set(name, running);
      this.#last = undefined;
      return;
    }
    const ended = await running.ended;
    running.signal('SIGKILL');
    this.#last = { block, ended };
    // One that is to end with an error says so by what it shows.
    const next = this.#blocks[this.#blocks.indexOf(block) + 1];
    if (ended.code === 0 || next?.words['stderr'] !== undefined) return;
    if (ended.code === 1 && next?.language === 'text') return;
    throw new Error(`it ended with ${ended.code}\n${indented(ended.stdout + ended.stderr)}`);
  }

  async #conf(block: Block): Promise<void> {
    const { words, code } = block;
    if (words['file'] === undefined) return checkFragment(code);
    const { directory, env } = this.#place;
    const {
      code: exit,
      stdout,
      stderr,
    } = await new Running('streamjob', ['check', words['file']], directory, env).ended;
    const expected = words['wrong'] === undefined ? 0 : 1;
    if (exit !== expected) throw new Error(`streamjob check ended with ${exit}\n${indented(stdout + stderr)}`);
  }

  /** What a terminal writes comes when it comes. */
  async #shownBy(block: Block, name: string): Promise<void> {
    const terminal = this.#terminals.get(name);
    if (terminal === undefined) throw new Error(`there is no terminal '${name}' above it`);
    const pattern = patternOf(block.code, false);
    const written = (): string =>
      this.#place.ports.asShown(block.words['stderr'] === undefined ? terminal.stdout : messagesOf(terminal.stderr));
    if (await terminal.until(() => pattern.test(written()))) return;
    throw new Error(
      `the page shows\n${indented(block.code)}\nand the terminal wrote\n${indented(written() + terminal.stderr)}`,
    );
  }

  #compare({ words, code }: Block): void {
    if (code.trim() === '…') throw new Error('it shows nothing that could be compared');
    if (this.#last === undefined) throw new Error('no block before it writes something: is it a drawing, or a file?');
    const { stdout, stderr } = this.#last.ended;
    // For who writes a page: what a block writes.
    if (process.env['DOCS_SHOW'] !== undefined)
      console.log(`${placeOf(this.#last.block)}\n${stdout}${messagesOf(stderr)}`);
    const written = words['stderr'] === undefined ? stdout : messagesOf(stderr);
    compare(placeOf(this.#last.block), this.#place.ports.asShown(written), code);
  }
}

/** A log that no terminal shows is JSON: its messages are what a reader sees of it. */
function messagesOf(log: string): string {
  return log.replace(/^\{.*\}$/gm, (line) => {
    try {
      return String((JSON.parse(line) as { msg?: unknown }).msg ?? line);
    } catch {
      return line;
    }
  });
}
