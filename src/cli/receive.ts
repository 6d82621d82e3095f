/** `streamjob receive JOB.ts --name R --driver HOST:PORT`: receives for a driver on another host, which runs the job. */
import type { CommandModule } from 'yargs';
import { loadJob } from '../api/load-job.ts';
import { receiveFor } from '../api/receive-for.ts';
import type { OptionTexts } from '../api/resolve-options.ts';
import { StreamingContext } from '../api/streaming-context.ts';
import { systemClock } from '../core/clock.ts';
import { buildJob, resolveOptions } from './job-parts.ts';
import { makeLogger } from './logger.ts';
import { addFlags, jobFlags } from './run-flags.ts';
import { StopRequests } from './stop-requests.ts';
import { UsageError } from './usage-error.ts';

interface ReceiveArguments {
  readonly job: string;
  readonly name: string;
  readonly driver: string;
  readonly logLevel: string | undefined;
  readonly stackTrace: boolean | undefined;
  readonly [option: string]: unknown;
}

/** The command. */
export const receiveCommand: CommandModule<object, ReceiveArguments> = {
  command: 'receive <job>',
  describe: 'receive for a driver on another host, which runs the job with --receivers-at',
  builder: (yargs) => {
    const { name: _, ...flags } = jobFlags();
    const own = yargs
      .positional('job', { type: 'string', demandOption: true, describe: 'the job file, the same as the driver runs' })
      .option('name', {
        type: 'string',
        demandOption: 'give this host a name of its own: --name R1',
        describe: 'tells this host from others; a later one of the same name takes its place',
      })
      .option('driver', {
        type: 'string',
        demandOption: 'say where the driver is: --driver HOST:PORT',
        describe: "the driver's --receivers-at, as it is reached from here",
      });
    // What yargs infers of each flag is what ReceiveArguments says.
    return addFlags(own, flags) as never;
  },
  handler: async (given) => {
    const requests = new StopRequests('stopping: what is not settled is sent again by its peers');
    try {
      await receive(given, requests);
    } finally {
      requests.forget();
    }
  },
};

async function receive({ driver, job: file, name, ...flags }: ReceiveArguments, requests: StopRequests): Promise<void> {
  // It is the name of a directory, too.
  if (!/^(?!\.{1,2}$)[\w.-]{1,64}$/.test(name))
    throw new UsageError(`--name must be letters, digits, '.', '-' and '_', not ${name}`);
  const log = await makeLogger({ level: flags.logLevel, stackTrace: flags.stackTrace });
  requests.log = log;
  const { job, path: jobPath } = await loadJob(file, log);
  const options = resolveOptions(job.options, flags as unknown as OptionTexts);
  const { agent: _, receiversAt: __, reliabilityAsked: ___, ...context } = options;
  const ssc = new StreamingContext({ ...context, engine: 'inline', checkpointDir: false, log });
  await buildJob(job.build, ssc, jobPath);
  const { secretFile, storage, tlsCaFile, tlsCertFile, tlsKeyFile } = options;
  const { signal } = requests;
  const security = { secretFile, tlsCertFile, tlsKeyFile, tlsCaFile };
  await receiveFor(ssc, { ...security, name, driver, storage, clock: systemClock, log, signal });
  await ssc.stop();
}
