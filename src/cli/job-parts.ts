/** From the file of a job to its graph: what `streamjob run` and `streamjob check` both do. */
import path from 'node:path';
import type { BuildJob } from '../api/job.ts';
import type { JobOptions } from '../api/job-options.ts';
import {
  environmentName,
  type OptionTexts,
  type ResolvedJobOptions,
  resolveJobOptions,
} from '../api/resolve-options.ts';
import type { StreamingContext } from '../api/streaming-context.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { flagName } from './run-flags.ts';
import { UsageError } from './usage-error.ts';

/** All options of a job. A value that came from a flag is a slip of the call, not of the job. @throws UsageError, StreamjobError */
export function resolveOptions(inFile: JobOptions, flags: OptionTexts): ResolvedJobOptions {
  try {
    return resolveJobOptions(inFile, flags, process.env);
  } catch (error) {
    const option = error instanceof StreamjobError ? error.where : undefined;
    const variable = option === undefined ? '' : environmentName(option);
    if (option !== undefined && flags[option] === undefined && process.env[variable] !== undefined) {
      throw new StreamjobError('CONFIG_INVALID', `${variable} cannot be ${process.env[variable]}`, {
        where: `the environment variable ${variable}`,
        ...(error instanceof StreamjobError && error.hint !== undefined ? { hint: error.hint } : {}),
      });
    }
    if (option === undefined || flags[option] === undefined) throw error;
    const hint = error instanceof StreamjobError && error.hint !== undefined ? `: ${error.hint}` : '';
    throw new UsageError(`--${flagName(option)} cannot be ${flags[option]}${hint}`);
  }
}

/** A job names its flume.conf relative to itself; a flag or the environment, relative to the working directory. The empty text names none. */
export function agentBeside(agent: JobOptions['agent'], jobPath: string): Pick<JobOptions, 'agent'> {
  if (agent === undefined || agent === '') return {};
  const beside = (conf: string): string => path.resolve(path.dirname(jobPath), conf);
  return { agent: typeof agent === 'string' ? beside(agent) : { ...agent, conf: beside(agent.conf) } };
}

/** Builds the graph. @throws StreamjobError JOB_INVALID */
export async function buildJob(build: BuildJob, ssc: StreamingContext, jobPath: string): Promise<void> {
  try {
    await build(ssc);
  } catch (cause) {
    if (cause instanceof StreamjobError) throw cause;
    throw new StreamjobError('JOB_INVALID', `the job's build function threw: ${messageOf(cause)}`, {
      where: jobPath,
      hint: 'mend the job file; --stack-trace shows where it came from',
      cause,
    });
  }
}
