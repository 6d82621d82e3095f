/** `streamjob agent`: the embedded agent alone, with the options of `flume-ng agent`, until Ctrl+C or SIGTERM. */
import type { CommandModule } from 'yargs';
import type { MonitorServer } from '../agent/monitoring/server.ts';
import type { Agent } from '../agent/runtime/agent.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { untilAborted } from '../core/scope.ts';
import type { AgentWords } from './agent-words.ts';
import { checkFiles } from './check-files.ts';
import { makeLogger } from './logger.ts';
import { monitorPort } from './monitor-port.ts';
import { OutputClosed } from './output-closed.ts';
import { StopRequests } from './stop-requests.ts';
import { UsageError } from './usage-error.ts';

interface AgentArguments {
  readonly name: string;
  readonly confFile: string | readonly string[] | undefined;
  readonly confUri: string | readonly string[] | undefined;
  readonly backupDirectory: string | undefined;
  readonly pollInterval: number | undefined;
  readonly reloadConf: boolean;
  readonly failFast: boolean;
  readonly dryrun: boolean;
  readonly conf: string | undefined;
  readonly classpath: string | undefined;
  readonly pluginsPath: string | undefined;
  readonly monitorPort: number | undefined;
}

/** Taken for the sake of scripts that call flume-ng. */
const UNUSED = 'taken for the sake of flume-ng, not used';

/** The command. @param java what of the words is for Java */
export function agentCommand(java: Pick<AgentWords, 'system' | 'ofJava'>): CommandModule<object, AgentArguments> {
  return {
    command: 'agent',
    describe: 'run an agent of a flume.conf',
    builder: (yargs) =>
      yargs
        .options({
          name: {
            alias: 'n',
            type: 'string',
            demandOption: 'give the name of the agent: -n NAME or --name NAME',
            describe: 'name of the agent in the file',
          },
          confFile: {
            alias: ['f', 'conf-file'],
            type: 'string',
            describe: 'the flume.conf; several: later ones override earlier ones',
          },
          confUri: {
            alias: ['u', 'conf-uri'],
            type: 'string',
            describe: 'URI of a flume.conf (file:, http:, https:), read after those of -f',
          },
          backupDirectory: {
            alias: ['b', 'backup-directory'],
            type: 'string',
            describe: 'keeps what was read, for a start when the file cannot be read',
          },
          pollInterval: {
            alias: ['i', 'poll-interval'],
            type: 'number',
            defaultDescription: '30, or 300 where all files are on servers',
            describe: 'seconds after which the files are read again; what has changed is stopped and started',
          },
          reloadConf: {
            alias: 'reload-conf',
            type: 'boolean',
            default: true,
            describe: 'read the files again (--no-reload-conf: only after SIGHUP)',
          },
          failFast: {
            alias: 'fail-fast',
            type: 'boolean',
            default: false,
            describe: 'end when something cannot start, instead of trying again every 3 s',
          },
          dryrun: { alias: 'd', type: 'boolean', default: false, describe: 'check the files, and start nothing' },
          conf: { alias: 'c', type: 'string', describe: `directory of configuration; ${UNUSED}` },
          classpath: { alias: 'C', type: 'string', describe: UNUSED },
          pluginsPath: { alias: 'plugins-path', type: 'string', describe: UNUSED },
          monitorPort: {
            alias: 'monitor-port',
            type: 'number',
            describe: 'shows the counters by HTTP at this port: /metrics as Flume, /metrics/prometheus, /healthz',
          },
        })
        .epilogue(`-Dname=value gives \${sys:name} a value; options of the Java machine (-X…) are not used.`),
    handler: async (given) => {
      const places = placesOf(given);
      if (places.length === 0)
        throw new UsageError('give the flume.conf: -f FILE or --conf-file FILE, or its URI: -u URI');
      if (given.dryrun) return await checkFiles(places, { name: given.name, system: java.system });
      const requests = new StopRequests('the agent stops');
      try {
        await runAgent(given, places, java, requests);
      } finally {
        requests.forget();
      }
      if (requests.reason?.graceful === false) throw new OutputClosed(requests.reason.text);
    },
  };
}

function placesOf({ confFile = [], confUri = [] }: AgentArguments): string[] {
  return [confFile, confUri].flat();
}

async function runAgent(
  given: AgentArguments,
  places: readonly string[],
  java: Pick<AgentWords, 'system' | 'ofJava'>,
  requests: StopRequests,
): Promise<void> {
  const log = await makeLogger();
  requests.log = log;
  tellUnused(given, java.ofJava, log);
  const port = monitorPort(given.monitorPort, java.system, log);
  // Not before it is asked for: it brings the storage engine of the file channel.
  const { Agent } = await import('../agent/runtime/agent.ts');
  const { name, backupDirectory, failFast } = given;
  const pollInterval = pollIntervalOf(given, places);
  const options = { name, log, backupDirectory, failFast, pollInterval, system: java.system };
  const agent = await Agent.fromFile(places, options);
  const reload = (): void => {
    agent.reload().then(
      (changed) => changed || log.info({}, 'SIGHUP: the files say what they said before'),
      (error: unknown) => log.error({ err: error }, `SIGHUP: the agent runs on as it was: ${messageOf(error)}`),
    );
  };
  process.on('SIGHUP', reload);
  const monitor = port === undefined ? undefined : await monitored(agent, port);
  try {
    await untilAborted(agent.start(), requests.signal);
    await requests.asked;
    await agent.stop();
  } finally {
    await monitor?.close();
    process.off('SIGHUP', reload);
  }
  if (agent.unstopped.length === 0) return;
  throw new StreamjobError('CHANNEL_CLOSED', `these did not stop in time: ${agent.unstopped.join(', ')}`, {
    where: `agent ${name}`,
    hint: 'what is in file channels is safe, and is delivered when the agent runs again',
  });
}

/** In ms; undefined: only when it is asked for. @throws UsageError */
function pollIntervalOf({ pollInterval, reloadConf }: AgentArguments, places: readonly string[]): number | undefined {
  const seconds = pollInterval ?? (places.every((place) => /^https?:/i.test(place)) ? 300 : 30);
  if (!(Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e8))
    throw new UsageError(`--poll-interval must be whole seconds greater than 0, not ${seconds}`);
  return reloadConf ? seconds * 1000 : undefined;
}

async function monitored(agent: Agent, port: number): Promise<MonitorServer> {
  const { MonitorServer } = await import('../agent/monitoring/server.ts');
  return await MonitorServer.listen(agent, { port, clock: systemClock });
}

function tellUnused({ classpath, pluginsPath }: AgentArguments, ofJava: readonly string[], log: Logger): void {
  const unused = [...ofJava];
  if (classpath !== undefined) unused.push('--classpath');
  if (pluginsPath !== undefined) unused.push('--plugins-path');
  if (unused.length > 0) log.info({ options: unused }, `not used, as there is no Java here: ${unused.join(', ')}`);
}
