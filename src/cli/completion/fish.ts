/** The script by which fish completes the words of a call. */
import type { NotedCommand, NotedFlag, Values } from './noted-commands.ts';

/** @param commands those at the top */
export function fishScript(commands: readonly NotedCommand[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c streamjob -n __fish_use_subcommand -f -a ${command.words} -d ${quoted(command.describe)}`,
    ...linesOf(command),
  ]);
  return `# Completion of streamjob for fish: streamjob completion fish > ~/.config/fish/completions/streamjob.fish
${lines.join('\n')}
`;
}

function linesOf(command: NotedCommand): string[] {
  const last = (each: NotedCommand): string => each.words.split(' ').at(-1) ?? '';
  const seen = `__fish_seen_subcommand_from ${last(command)}`;
  if (command.children.length > 0) {
    const open = `${seen}; and not __fish_seen_subcommand_from ${command.children.map(last).join(' ')}`;
    return command.children.flatMap((child) => [
      `complete -c streamjob -n '${open}' -f -a ${last(child)} -d ${quoted(child.describe)}`,
      ...linesOf(child),
    ]);
  }
  const when = `complete -c streamjob -n '${seen}'`;
  const words = command.values === 'files' ? [] : [`${when} ${wordsOf(command.values)}`];
  return [...words, ...command.flags.map((flag) => `${when} ${flagOf(flag)}`)];
}

function wordsOf(values: Values): string {
  return values === 'nothing' ? '-f' : `-f ${listOf(values)}`;
}

function flagOf({ names, describe, values }: NotedFlag): string {
  const each = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = values === undefined ? [] : [values === 'files' ? '-r -F' : `-x ${listOf(values)}`.trim()];
  return [...each, ...value, '-d', quoted(describe)].join(' ');
}

function listOf(values: Values): string {
  if (values === 'directories') return "-a '(__fish_complete_directories)'";
  return typeof values === 'string' ? '' : `-a '${values.join(' ')}'`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
