/** README and docs/: every code block is checked by what it is of, every link leads somewhere, and README stays short. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { readFlumeConf } from '../../../src/agent/conf/flume-conf.ts';
import { plainFlags } from '../../../src/cli/run-flags.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

interface Page {
  readonly name: string;
  readonly text: string;
}

interface Block {
  readonly page: string;
  readonly language: string;
  readonly code: string;
}

const pages: readonly Page[] = ['README.md', ...readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(path.join(ROOT, name), 'utf8') }));

function blocksOf({ name, text }: Page): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({
    page: name,
    language,
    code,
  }));
}

const blocks = pages.flatMap(blocksOf);
const ofLanguage = (language: string): Block[] => blocks.filter((block) => block.language === language);

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

test('README has at most 150 lines', () => {
  expect(pages.find(({ name }) => name === 'README.md')?.text.split('\n').length).toBeLessThanOrEqual(151);
});

test('every link within the repository leads to a file, and to a heading of it', () => {
  const broken = pages.flatMap(({ name, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, file = '', anchor]) => {
      const target = file === '' ? path.join(ROOT, name) : path.join(ROOT, path.dirname(name), file);
      if (!existsSync(target)) return [`${name}: ${link}`];
      if (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor)) return [];
      return [`${name}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page is read from README', () => {
  const readme = pages.find(({ name }) => name === 'README.md')?.text ?? '';
  expect(pages.filter(({ name }) => name !== 'README.md' && !readme.includes(`(${name})`))).toEqual([]);
});

describe('code blocks', () => {
  test('are of languages that are checked; one without a language is the way of an event', () => {
    const others = blocks.filter(({ language }) => !['ts', 'sh', 'properties'].includes(language));
    expect(others.filter(({ code }) => !/^receive -> block -> /.test(code))).toEqual([]);
    expect(blocks.length).toBeGreaterThan(10);
  });

  test('TypeScript: what begins with an import compiles as a program, the rest is a part of one', () => {
    const isProgram = ({ code }: { readonly code: string }): boolean => /^(?:\/\/ [\w.-]+\.ts\n)?import /.test(code);
    const programs = ofLanguage('ts').filter(isProgram);
    const parts = ofLanguage('ts').filter((block) => !isProgram(block));
    // Files of an example name each other.
    const names = programs.map(({ code }, i) => /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1] ?? `block-${i}.ts`);
    for (const { code } of parts) transformSync(`async () => {${code}}`, { loader: 'ts' });
    const directory = mkdtempSync(path.join(ROOT, 'test', '.blocks-'));
    try {
      for (const [i, { code }] of programs.entries()) {
        // Comments of examples may stand for what a reader fills in.
        writeFileSync(path.join(directory, names[i] ?? ''), `${code}\nexport {};\n`);
      }
      const config = {
        extends: '../tsconfig.json',
        compilerOptions: { rootDir: '../..', noUnusedLocals: false },
        include: [],
        files: names,
      };
      writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(config));
      const tsc = path.join(ROOT, 'node_modules', '.bin', 'tsc');
      execFileSync(tsc, ['-p', directory, '--noEmit'], { cwd: ROOT, encoding: 'utf8', timeout: 60_000 });
    } catch (error) {
      const { stdout } = error as { stdout?: string };
      expect.fail(stdout ?? String(error));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    expect(programs.length).toBeGreaterThan(3);
  }, 90_000);

  const lines = ofLanguage('sh').flatMap(({ code }) =>
    code
      .trim()
      .split('\n')
      .flatMap((line) => line.split(' && ')),
  );
  const scripts = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };

  test.each(lines)('shell: %s', (line) => {
    const [, streamjob] = /^(?:npx )?streamjob (.+)$/.exec(line) ?? [];
    if (streamjob !== undefined) {
      const [command, ...flags] = streamjob.split(' ');
      expect(command).toBe('run');
      expect(plainFlags(flags)).toMatchObject({ job: expect.stringMatching(/^jobs\//) });
      expect(existsSync(path.join(ROOT, flags[0] ?? ''))).toBe(true);
      return;
    }
    const [, script] = /^npm (?:run )?(\w[\w:]*)(?: -- [^#]*)?(?:\s+#.*)?$/.exec(line) ?? [];
    expect(['ci', ...Object.keys(scripts.scripts)]).toContain(script);
  });

  // What names a user's modules is run with them: test/unit/agent/own/own.test.ts.
  test.each(ofLanguage('properties').filter(({ code }) => !code.includes('= ./')))('flume.conf: $code', ({ code }) => {
    const around = [
      'a1.sources = r1',
      'a1.channels = c1',
      'a1.sinks = k1',
      'a1.sources.r1.type = seq',
      'a1.sources.r1.channels = c1',
      ...(code.includes('.c1.type =') ? [] : ['a1.channels.c1.type = memory']),
      'a1.channels.c1.capacity = 100000',
      'a1.channels.c1.transactionCapacity = 100000',
      ...(code.includes('.k1.type =') ? [] : ['a1.sinks.k1.type = null', 'a1.sinks.k1.channel = c1']),
    ];
    const { problems } = readFlumeConf([...around, code].join('\n'), 'block', 'a1', {}, undefined);
    expect(problems.all.map((problem) => problems.format(problem))).toEqual([]);
  });
});
