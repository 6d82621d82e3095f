/** `streamjob agent`: the embedded agent alone, with the options of `flume-ng agent`, until Ctrl+C or SIGTERM. */
import type { CommandModule } from 'yargs';
import { makeLogger } from './logger.ts';

interface AgentArguments {
  readonly name: string;
  readonly confFile: string;
  readonly conf: string | undefined;
}

/** The command. */
export const agentCommand: CommandModule<object, AgentArguments> = {
  command: 'agent',
  describe: 'run an agent of a flume.conf',
  builder: (yargs) =>
    yargs.options({
      name: {
        alias: 'n',
        type: 'string',
        demandOption: 'give the name of the agent: -n NAME or --name NAME',
        describe: 'name of the agent in the file',
      },
      confFile: {
        alias: ['f', 'conf-file'],
        type: 'string',
        demandOption: 'give the flume.conf: -f FILE or --conf-file FILE',
        describe: 'the flume.conf',
      },
      conf: {
        alias: 'c',
        type: 'string',
        describe: 'directory of configuration; taken for the sake of flume-ng, not used',
      },
    }),
  handler: async ({ name, confFile }) => {
    const log = await makeLogger();
    // Not before it is asked for: it brings the storage engine of the file channel.
    const { Agent } = await import('../agent/agent.ts');
    const agent = await Agent.fromFile(confFile, { name, log });
    const asked = stopAsked();
    await agent.start();
    const signal = await asked;
    log.info({ signal }, `${signal}: the agent stops`);
    await agent.stop();
    // What hangs would keep the process alive.
    if (agent.unstopped.length > 0) process.exit(EXIT_UNSTOPPED);
  },
};

/** A component did not stop in time; what is in file channels is safe. */
const EXIT_UNSTOPPED = 1;

/** The first SIGINT or SIGTERM; a second one ends the process at once, as by default. */
function stopAsked(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
    const onSignal = (signal: NodeJS.Signals): void => {
      for (const other of signals) process.off(other, onSignal);
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}
