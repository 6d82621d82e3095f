/** `streamjob init DIR`, or `npm create streamjob DIR`: a new project with a job, its agent's file, a test, and what it is deployed with. */
import path from 'node:path';
import type { CommandModule } from 'yargs';

interface InitArguments {
  readonly directory: string;
}

/** The command. */
export const initCommand: CommandModule<object, InitArguments> = {
  command: 'init <directory>',
  describe: 'make a new project: a job, its flume.conf, a test, Dockerfile, systemd unit',
  builder: (yargs) =>
    yargs.positional('directory', {
      type: 'string',
      demandOption: true,
      describe: 'a directory that is empty or not there',
    }),
  handler: async ({ directory }) => {
    // Not before it is asked for: other commands do without.
    const { newProject } = await import('./init/new-project.ts');
    const { name, files } = await newProject(directory);
    const to = path.relative('', directory);
    const next = [...(to === '' ? [] : [`cd ${shellWord(to)}`]), 'npm install', 'npm test', 'npm start'];
    const lines = [`${name} is in ${path.resolve(directory)}:`, ...files.map((file) => `  ${file}`), 'Next:'];
    process.stdout.write(`${[...lines, ...next.map((command) => `  ${command}`)].join('\n')}\n`);
  },
};

/** A word as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
