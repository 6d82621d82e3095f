/** The script by which zsh completes the words of a call. */
import type { NotedCommand, NotedFlag, Values } from './noted-commands.ts';

/** @param commands those at the top */
export function zshScript(commands: readonly NotedCommand[]): string {
  const all = commands.flatMap((command) => [command, ...command.children]);
  return `#compdef streamjob
# Completion of streamjob for zsh. In ~/.zshrc, behind compinit: source <(streamjob completion zsh)
${all.map(functionOf).join('\n')}
_streamjob() {
${choice(commands)}
}
# A file of fpath is run as the completion itself; one that is sourced only tells of it.
if [ "$funcstack[1]" = _streamjob ]; then
  _streamjob "$@"
else
  compdef _streamjob streamjob
fi
`;
}

function functionOf(command: NotedCommand): string {
  const name = functionName(command);
  if (command.children.length > 0) return `${name}() {\n${choice(command.children)}\n}`;
  const position = command.values === 'nothing' ? [] : [`'*:${actionOf(command.values)}'`];
  const lines = [...command.flags.flatMap(specsOf), ...position];
  return `${name}() {\n  _arguments -s \\\n${lines.map((line) => `    ${line}`).join(' \\\n')}\n}`;
}

function functionName({ words }: NotedCommand): string {
  return `_streamjob_${words.replace(/\W/g, '_')}`;
}

/** One of several commands, then what is its own. */
function choice(commands: readonly NotedCommand[]): string {
  const last = ({ words }: NotedCommand): string => words.split(' ').at(-1) ?? '';
  const described = commands.map((command) => `    ${quoted(`${last(command)}:${command.describe}`)}`);
  const cases = commands.map((command) => `        ${last(command)}) ${functionName(command)} ;;`);
  return `  local curcontext="$curcontext" state line
  local -a commands=(
${described.join('\n')}
  )
  _arguments -C ': :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac ;;
  esac`;
}

function specsOf({ names, describe, values }: NotedFlag): string[] {
  const about = describe.replace(/[[\]:\\]/g, '\\$&');
  return names.map((name) => {
    const joins = values !== undefined && name.startsWith('--') ? '=' : '';
    return quoted(`*${name}${joins}[${about}]${values === undefined ? '' : `:${actionOf(values)}`}`);
  });
}

/** What is said of a value, and how it is completed. */
function actionOf(values: Values): string {
  if (values === 'files') return 'file:_files';
  if (values === 'directories') return 'directory:_files -/';
  if (values === 'nothing') return 'value: ';
  return `value:(${values.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
