/** `streamjob completion SHELL`: a script by which a shell completes commands, flags and what they take. */
import type { CommandModule } from 'yargs';
import { ERROR_CODES } from '../core/errors.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { type Build, type NotedCommand, notedCommands } from './completion/noted-commands.ts';
import { zshScript } from './completion/zsh.ts';

const SCRIPTS: Readonly<Record<string, (commands: readonly NotedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The command. @param build adds all commands, this one included */
export function completionCommand(build: Build): CommandModule<object, { readonly shell: string }> {
  return {
    command: 'completion <shell>',
    describe: 'print a script that completes commands, flags and files in a shell',
    builder: (yargs) =>
      yargs.positional('shell', {
        type: 'string',
        demandOption: true,
        choices: Object.keys(SCRIPTS),
        describe: 'bash: source it in ~/.bashrc',
      }),
    handler: ({ shell }) => {
      const script = SCRIPTS[shell]?.(notedCommands(build, { code: Object.keys(ERROR_CODES) }));
      process.stdout.write(script ?? '');
    },
  };
}
