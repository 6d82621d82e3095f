/** streamjob under test: the built command line with a job of the benchmark, as users run it. */
import path from 'node:path';
import { repository } from '../../interop/kit/places.ts';
import { Side } from './side.ts';

/** How to run a job. */
export interface Run {
  readonly job: string;
  readonly name?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its working directory: what outlives a crash is there. */
  readonly directory: string;
  /** Another command than the built one. */
  readonly command?: readonly string[];
}

/** Reading as fast as it can be processed, as Spark does unless told otherwise. */
const FLAGS = ['--json', '--log-level', 'warn', '--backpressure', 'false'];

/** Starts `streamjob run`; with its page only where a flag gives that a port. */
export function startOurs({ job, name = 'streamjob', flags = [], env, directory, command }: Run): Side {
  const page = flags.includes('--ui-port') ? [] : ['--no-ui'];
  const [program, ...args] = command ?? [process.execPath, path.join(repository, 'dist/cli.js')];
  return new Side(name, {
    command: program as string,
    args: [...args, 'run', path.resolve(repository, 'test/bench/jobs', job), ...FLAGS, ...page, ...flags],
    env,
    cwd: directory,
  });
}
