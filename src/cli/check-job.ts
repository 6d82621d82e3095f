/** Checks a job: it is loaded, its options are read and its graph is built, and so is what its agent has in its file. */
import { loadJob } from '../api/load-job.ts';
import type { OptionTexts, ResolvedJobOptions } from '../api/resolve-options.ts';
import { StreamingContext } from '../api/streaming-context.ts';
import { checkFiles } from './check-files.ts';
import { agentBeside, buildJob, resolveOptions } from './job-parts.ts';
import { makeLogger } from './logger.ts';

/**
 * Checks a job and its agent; nothing is started.
 * @param file the job
 * @param flags options that win over those of the job
 * @param told is called with the options as soon as they are known
 * @throws StreamjobError JOB_NOT_FOUND, JOB_INVALID, NO_OUTPUT, CONFIG_INVALID, CONFIG_UNKNOWN, …: what a run would end with
 */
export async function checkJob(
  file: string,
  flags: OptionTexts = {},
  told: (options: ResolvedJobOptions) => void = () => {},
): Promise<void> {
  const log = await makeLogger();
  const { job, path } = await loadJob(file, log);
  const options = resolveOptions({ ...job.options, ...agentBeside(job.options.agent, path) }, flags);
  told(options);
  const { agent, reliabilityAsked, ...context } = options;
  const ssc = new StreamingContext({
    ...context,
    log,
    embeddedAgent: agent !== undefined,
    job: { module: path },
    write: () => {},
  });
  try {
    await buildJob(job.build, ssc, path);
    StreamingContext.validate(ssc);
  } finally {
    await ssc.stop({ graceful: false });
  }
  process.stdout.write(`${file}: nothing to say\n  job ${options.name}\n`);
  if (agent === undefined) return;
  const reliability = reliabilityAsked ? options.reliability : undefined;
  await checkFiles([agent.conf], { name: agent.name, reliability });
}
