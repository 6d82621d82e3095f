/** Where the settings of a run came from, for the page of the job: flag over environment over job file over default. */
import type { JobOptions } from '../api/job-options.ts';
import { JOB_OPTIONS } from '../api/options.ts';
import { environmentName } from '../api/resolve-options.ts';
import type { Option } from '../core/options.ts';
import { defaultText } from '../core/options.ts';
import type { Origin, RunSettings } from '../observe/index.ts';
import { flagName, type RunFlags, runFlags } from './run-flags.ts';

type Told = RunSettings['more'][number];

/** What `streamjob run` sets by itself. */
const BY_COMMAND: Origin = { from: 'command', by: 'streamjob run' };

/**
 * @param file the options of the job file
 * @param jobPath the job file
 */
export function runSettings(
  file: JobOptions,
  flags: RunFlags,
  jobPath: string,
  env: NodeJS.ProcessEnv = process.env,
): RunSettings {
  const options = Object.keys(JOB_OPTIONS);
  const originOf = (name: string): Origin => {
    if (flags[name] !== undefined) return { from: 'flag', by: `--${flagName(name)}` };
    const variable = environmentName(name);
    if (env[variable] !== undefined) return { from: 'environment', by: variable };
    const isInFile = (Reflect.get(file, name) as unknown) !== undefined;
    return isInFile ? { from: 'job file', by: jobPath } : { from: 'default' };
  };
  return {
    origins: {
      ...Object.fromEntries(options.map((name) => [name, originOf(name)])),
      maxBatches: flags.batches === undefined ? { from: 'default' } : { from: 'flag', by: '--batches' },
      ...{ standardCheckpointDir: BY_COMMAND, embeddedAgent: BY_COMMAND, job: BY_COMMAND },
    },
    more: [...agentSettings(file, flags, env, originOf('agent')), ...commandSettings(flags, env)],
  };
}

/** The agent is no option of the context: the command runs it. */
function agentSettings(file: JobOptions, flags: RunFlags, env: NodeJS.ProcessEnv, origin: Origin): Told[] {
  const given = flags['agent'] ?? env[environmentName('agent')] ?? file.agent;
  if (given === undefined) return [];
  const option: Option = JOB_OPTIONS.agent;
  const value = typeof given === 'string' ? given : JSON.stringify(given);
  return [{ name: 'agent', value, doc: option.doc ?? '', byDefault: defaultText(option), ...origin }];
}

/** The flags of the command that are no options of the job. A token is told to be there, and not what it is. */
function commandSettings(flags: RunFlags, env: NodeJS.ProcessEnv): Told[] {
  return runFlags().flatMap(({ byDefault, doc, name, variable }): Told[] => {
    const flag = flags[name];
    const inEnv = variable === undefined ? undefined : env[variable];
    const given = flag ?? inEnv;
    // Of what has no default, and was not given, there is nothing to tell.
    if (given === undefined && byDefault === undefined) return [];
    const common = { name, value: String(given ?? byDefault), doc, byDefault };
    // The default of a flag may be what the variable says.
    if (inEnv !== undefined && String(given) === inEnv) return [{ ...common, from: 'environment', by: variable }];
    if (given === undefined || String(given) === byDefault) return [{ ...common, from: 'default' }];
    return [{ ...common, from: 'flag', by: `--${flagName(name)}` }];
  });
}
