/** `streamjob replay JOB.ts --from DIR`: runs a job over a recording, as fast as it goes; with `--compare`, says where another job differs. */
import type { CommandModule } from 'yargs';
import type { OptionTexts } from '../api/resolve-options.ts';
import type { BatchSummary } from '../core/events.ts';
import { TelemetryRegistry } from '../core/telemetry.ts';
import { makeLogger } from './logger.ts';
import { OutputClosed } from './output-closed.ts';
import { ProgressLine } from './progress.ts';
import { batchLine } from './report.ts';
import { addFlags, jobFlags } from './run-flags.ts';
import { StopRequests } from './stop-requests.ts';

interface ReplayArguments {
  readonly job: string;
  readonly from: string;
  readonly compare: string | undefined;
  readonly logLevel: string | undefined;
  readonly stackTrace: boolean | undefined;
  readonly [option: string]: unknown;
}

/** The exit code where two jobs differ. */
const DIFFERENT = 1;

/** The command. */
export const replayCommand: CommandModule<object, ReplayArguments> = {
  command: 'replay <job>',
  describe: 'run a job over what run --record has recorded, as fast as it goes',
  builder: (yargs) => {
    const own = yargs
      .positional('job', { type: 'string', demandOption: true, describe: 'the job file, TypeScript or JavaScript' })
      .option('from', {
        type: 'string',
        demandOption: 'give the directory of the recording: --from DIR',
        describe: 'the directory of the recording',
      })
      .option('compare', {
        type: 'string',
        describe: 'another job file: say where its outputs differ; exit code 1 if so',
      });
    // What yargs infers of each flag is what ReplayArguments says.
    return addFlags(own, jobFlags()) as never;
  },
  handler: async (given) => {
    // stdout has batches and nothing else, whatever a job logs.
    globalThis.console = new console.Console(process.stderr, process.stderr);
    const requests = new StopRequests('the replay stops after this batch');
    try {
      await replay(given, requests);
    } finally {
      requests.forget();
    }
    if (requests.reason?.graceful === false) throw new OutputClosed(requests.reason.text);
  },
};

async function replay({ compare, from, job, ...flags }: ReplayArguments, requests: StopRequests): Promise<void> {
  const { logLevel, stackTrace } = flags;
  const log = await makeLogger({ level: logLevel, stackTrace });
  requests.log = log;
  const telemetry = new TelemetryRegistry();
  const progress = new ProgressLine(process.stderr, log);
  telemetry.onWork((work) => progress.show(work));
  // Not before it is asked for: other commands do without.
  const { replayJob } = await import('./replay/replay-job.ts');
  const run = (file: string, onBatch: (batch: BatchSummary) => void): Promise<void> =>
    replayJob(file, {
      ...{ from, flags: flags as unknown as OptionTexts, log, onBatch, signal: requests.signal },
      telemetry,
    });
  if (compare === undefined) return await run(job, (batch) => requests.write(`${batchLine(batch)}\n`));
  const { Differences } = await import('./replay/differences.ts');
  const differences = new Differences();
  let batches = 0;
  let different = 0;
  const tell = (lines: readonly string[]): void => {
    if (lines.length === 0) return;
    different++;
    requests.write(`${lines.join('\n')}\n`);
  };
  await run(job, (batch) => differences.first(batch));
  await run(compare, (batch) => {
    batches++;
    tell(differences.second(batch));
  });
  if (requests.signal.aborted) return;
  for (const lines of differences.rest()) tell(lines);
  const found = different === 0 ? 'nothing differs' : `${different} differ: - is of ${job}, + of ${compare}`;
  requests.write(`${batches} batches of ${job} and ${compare}: ${found}\n`);
  if (different > 0) process.exitCode = DIFFERENT;
}
