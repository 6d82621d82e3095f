/** `streamjob check`: what is wrong with a flume.conf or a job, without starting anything. */
import type { CommandModule } from 'yargs';
import type { AgentWords } from './agent-words.ts';
import { checkFiles } from './check-files.ts';

interface CheckArguments {
  readonly files: readonly string[];
  readonly name: string | undefined;
}

/** What a job's file is called. */
const JOB = /\.[cm]?[jt]s$/;

/** The command. @param java what of the words is for Java */
export function checkCommand({ system }: Pick<AgentWords, 'system'>): CommandModule<object, CheckArguments> {
  return {
    command: 'check <files..>',
    describe: 'say what is wrong with a flume.conf or a job; nothing is started',
    builder: (yargs) =>
      yargs
        .positional('files', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'a job, or a flume.conf; several of these: later ones override earlier ones',
        })
        .option('name', { alias: 'n', type: 'string', describe: 'the agent; without it all agents of the file' }),
    handler: async ({ files, name }) => {
      const [file = ''] = files;
      if (files.length === 1 && JOB.test(file)) await (await import('./check-job.ts')).checkJob(file);
      else await checkFiles(files, { name, system });
    },
  };
}
