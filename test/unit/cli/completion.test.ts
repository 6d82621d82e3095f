/** `streamjob completion`: each shell that is installed here reads its script, and completes by it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandModule } from 'yargs';
import { notedCommands } from '../../../src/cli/completion/noted-commands.ts';
import { runCli } from '../../kit/cli.ts';

const DIRECTORY = mkdtempSync(path.join(tmpdir(), 'streamjob-completion-'));
afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

const script = (shell: string): string => path.join(DIRECTORY, `streamjob.${shell}`);

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'exit 0'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await runCli(['completion', shell]);
    expect(code).toBe(0);
    writeFileSync(script(shell), stdout);
  }
  writeFileSync(path.join(DIRECTORY, 'wordcount.conf'), '');
});

/** What each shell is asked, and what it is to offer: all of the second, and none of the third. */
const CASES: readonly [line: string, offered: readonly string[], not: readonly string[]][] = [
  ['streamjob ', ['run', 'agent', 'explain', 'init', 'completion'], ['wordcount.conf']],
  ['streamjob ru', ['run'], ['agent']],
  ['streamjob run --check', ['--checkpoint-dir'], ['--json']],
  ['streamjob run --no-', ['--no-ui'], ['--no-json', '--until-drained']],
  ['streamjob run --log-level ', ['debug', 'silent'], ['wordcount.conf']],
  ['streamjob agent --conf-f', ['--conf-file'], ['--name', '--confFile']],
  ['streamjob explain PORT', ['PORT_IN_USE'], ['CONFIG_INVALID']],
  ['streamjob tool ', ['fcintegrity'], ['run']],
  ['streamjob tool fcintegrity --da', ['--data-dirs'], ['--repair']],
  ['streamjob completion ', ['bash', 'zsh', 'fish'], ['wordcount.conf']],
];

describe.runIf(has('bash'))('bash', () => {
  const complete = (line: string): string[] => {
    const words = line.split(' ');
    const set = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`;
    const ask = `source ${script('bash')}; ${set}; _streamjob; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', ask], { cwd: DIRECTORY, encoding: 'utf8' }).trim().split('\n');
  };

  test.each(CASES)('completes %j', (line, offered, not) => {
    const found = complete(line);
    expect(found).toEqual(expect.arrayContaining([...offered]));
    expect(found.filter((word) => not.includes(word))).toEqual([]);
  });

  test('leaves jobs and files of agents to itself, and takes --flag=value apart', () => {
    expect(complete('streamjob run word')).toEqual(['']);
    expect(complete('streamjob agent -f word')).toEqual(['']);
    expect(complete('streamjob run --log-level = de')).toEqual(['debug']);
    const told = execFileSync('bash', ['-c', `source ${script('bash')}; complete -p streamjob`], { encoding: 'utf8' });
    expect(told).toContain('-o default');
  });
});

describe.runIf(has('fish'))('fish', () => {
  const complete = (line: string): string[] => {
    const ask = `source ${script('fish')}; complete -C '${line}'`;
    const found = execFileSync('fish', ['-c', ask], { cwd: DIRECTORY, encoding: 'utf8' }).trim();
    return found.split('\n').map((each) => each.split('\t', 1)[0] ?? '');
  };

  test.each([
    ...CASES,
    ['streamjob run word', ['wordcount.conf'], []] as const,
    ['streamjob agent -f word', ['wordcount.conf'], []] as const,
  ])('completes %j', (line, offered, not) => {
    const found = complete(line);
    expect(found).toEqual(expect.arrayContaining([...offered]));
    expect(found.filter((word) => not.includes(word))).toEqual([]);
  });
});

describe.runIf(has('zsh'))('zsh', () => {
  /** What the script says to zsh's own functions of completion, when the words behind the program's name are these. */
  const said = (words: readonly string[]): string => {
    const stubs = `compdef() { : }; _describe() { print -rl -- \${(P)2} }
_arguments() { if [[ $1 == -C ]]; then if (( $#words > 1 )); then state=rest; shift words; else state=command; fi; else print -rl -- "$@"; fi }`;
    const ask = `${stubs}\nsource ${script('zsh')}\nwords=(streamjob ${words.join(' ')}); shift words; words=(x $words); _streamjob`;
    return execFileSync('zsh', ['-f', '-c', ask], { cwd: DIRECTORY, encoding: 'utf8' });
  };

  test('has nothing to say against the script', () => {
    expect(execFileSync('zsh', ['-n', script('zsh')], { encoding: 'utf8' })).toBe('');
  });

  test('is told of the commands, and of those of tool', () => {
    expect(said([])).toMatch(/^run:run a job until Ctrl\+C$/m);
    expect(said([])).not.toMatch(/^\*?--|dev-check/m);
    expect(said(['tool'])).toMatch(/^fcintegrity:/);
  });

  test('is told of flags, and of what they and words take', () => {
    const run = said(['run']);
    expect(run).toMatch(/^\*--checkpoint-dir=\[.*\]:directory:_files -\/$/m);
    expect(run).toMatch(/^\*--log-level=\[.*\]:value:\(debug info warn error silent\)$/m);
    expect(run).toMatch(/^\*--json\[[^:]*\]$/m);
    expect(run).toMatch(/^\*:file:_files$/m);
    expect(said(['explain'])).toMatch(/^\*:value:\(CONFIG_INVALID .*\)$/m);
    expect(said(['tool', 'fcintegrity'])).toMatch(/^\*--data-dirs=\[/m);
  });
});

test('notes are taken of flags in both forms, of what they take, and of commands below others', () => {
  const below: CommandModule = {
    command: 'below <files..>',
    describe: 'b',
    builder: (args) => args.positional('files', { type: 'string' }).option('secret', { hidden: true }),
    handler: () => {},
  };
  const above: CommandModule = {
    command: 'above',
    describe: 'a',
    builder: (args) =>
      args.options({ logFile: { alias: 'l', type: 'string' }, port: { type: 'number' } }).command(below),
    handler: () => {},
  };
  const [noted] = notedCommands((parser) => parser.command(above).demandCommand(1), {});
  expect(noted?.flags).toEqual([
    { names: ['--log-file', '-l'], describe: '', values: 'files' },
    { names: ['--port'], describe: '', values: 'nothing' },
    { names: ['--help'], describe: 'show help', values: undefined },
  ]);
  expect(noted?.children).toMatchObject([{ words: 'above below', values: 'files', flags: [{ names: ['--help'] }] }]);
});
