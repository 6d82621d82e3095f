/** The script by which bash completes the words of a call. */
import type { NotedCommand, Values } from './noted-commands.ts';

/** @param commands those at the top */
export function bashScript(commands: readonly NotedCommand[]): string {
  const all = commands.flatMap((command) => [command, ...command.children]);
  const parents = commands.filter(({ children }) => children.length > 0).map(({ words }) => words);
  return `# Completion of streamjob for bash. In ~/.bashrc: source <(streamjob completion bash)
_streamjob() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${commands.map(({ words }) => words).join(' ')}' -- "$cur"))
    return
  fi
  # bash takes --flag=value apart.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$prev" = = ]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -gt 2 ]; then
    case $command in
${parents.map((words) => `      ${words}) command="$command \${COMP_WORDS[2]}" ;;`).join('\n')}
    esac
  fi
  case "$command $prev" in
${all.flatMap(valueCases).join('\n')}
  esac
  case $command in
${all.map(commandCase).join('\n')}
  esac
}
complete -o default -F _streamjob streamjob
`;
}

/** What comes behind each flag that has a value. */
function valueCases({ words, flags }: NotedCommand): string[] {
  return flags.flatMap(({ names, values }) =>
    values === undefined
      ? []
      : [`    ${names.map((name) => `'${words} ${name}'`).join('|')}) ${replyOf(values)}; return ;;`],
  );
}

function commandCase({ words, flags, values, children }: NotedCommand): string {
  const names = flags.flatMap((flag) => flag.names).join(' ');
  const own = children.length === 0 ? values : children.map((child) => child.words.split(' ').at(-1) ?? '');
  return `    '${words}')
      if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W '${names}' -- "$cur"))
      else
        ${replyOf(own)}
      fi ;;`;
}

/** With no reply of ours bash completes files. */
function replyOf(values: Values): string {
  if (values === 'files') return ':';
  if (values === 'directories') return 'compopt -o dirnames +o default 2>/dev/null';
  if (values === 'nothing') return 'compopt +o default 2>/dev/null';
  return `COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$cur"))`;
}
