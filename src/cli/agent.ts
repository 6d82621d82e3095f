/** `streamjob agent`: the embedded agent alone, with the options of `flume-ng agent`, until Ctrl+C or SIGTERM. */
import type { CommandModule } from 'yargs';
import { StreamjobError } from '../core/errors.ts';
import { untilAborted } from '../core/scope.ts';
import { makeLogger } from './logger.ts';
import { OutputClosed } from './output-closed.ts';
import { StopRequests } from './stop-requests.ts';

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
    const requests = new StopRequests('the agent stops');
    try {
      await runAgent(name, confFile, requests);
    } finally {
      requests.forget();
    }
    if (requests.reason?.graceful === false) throw new OutputClosed(requests.reason.text);
  },
};

async function runAgent(name: string, confFile: string, requests: StopRequests): Promise<void> {
  const log = await makeLogger();
  requests.log = log;
  // Not before it is asked for: it brings the storage engine of the file channel.
  const { Agent } = await import('../agent/runtime/agent.ts');
  const agent = await Agent.fromFile(confFile, { name, log });
  await untilAborted(agent.start(), requests.signal);
  await requests.asked;
  await agent.stop();
  if (agent.unstopped.length === 0) return;
  throw new StreamjobError('CHANNEL_CLOSED', `these did not stop in time: ${agent.unstopped.join(', ')}`, {
    where: `agent ${name}`,
    hint: 'what is in file channels is safe, and is delivered when the agent runs again',
  });
}
