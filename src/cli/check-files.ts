/** Checks the files of agents, and writes what is found to stdout. */
import type { Problem, Problems } from '../agent/component/problems.ts';
import type { AgentConf } from '../agent/conf/agent-conf.ts';
import { StreamjobError } from '../core/errors.ts';
import type { Reliability } from '../core/reliability.ts';
import type { AgentWords } from './agent-words.ts';

/** How files are checked. */
export interface CheckGiven {
  readonly name?: string | undefined;
  readonly system?: AgentWords['system'];
  readonly reliability?: Reliability | undefined;
}

/**
 * Writes what is wrong with the agents of files to stdout, a finding a line, and what Flume would do about it.
 * @throws StreamjobError CONFIG_INVALID when there are errors; FILE_NOT_FOUND, FILE_ACCESS, CONNECT_FAILED
 */
export async function checkFiles(files: readonly string[], { name, ...given }: CheckGiven): Promise<void> {
  const [{ readPlaces }, { checkFlumeConfs }] = await Promise.all([
    import('../agent/conf/places.ts'),
    import('../agent/conf/check.ts'),
  ]);
  const { problems, agents } = await checkFlumeConfs(await readPlaces(files), { ...given, env: process.env }, name);
  for (const problem of problems.all) process.stdout.write(`${linesOf(problems, problem)}\n`);
  const { errors, warnings } = problems;
  if (errors.length > 0) {
    throw new StreamjobError('CONFIG_INVALID', `${problems.file} has ${counted(errors, 'error')}`, {
      where: problems.file,
      hint: 'correct the lines above',
    });
  }
  const found = warnings.length === 0 ? 'nothing to say' : counted(warnings, 'warning');
  process.stdout.write(`${problems.file}: ${found}\n${agents.map((agent) => `  ${summary(agent)}\n`).join('')}`);
}

function linesOf(problems: Problems, problem: Problem): string {
  const [place, message] = [problems.format({ ...problem, message: '' }).trimEnd(), problem.message];
  const flume = problem.flume === undefined ? '' : `\n    Flume ${problem.flume}`;
  return `${place} ${problem.severity}: ${message}${flume}`;
}

function summary({ name, sources, channels, sinks }: AgentConf): string {
  const typed = [
    ...sources.map((part) => `${part.name} (${part.source.type})`),
    ...channels.map((part) => `${part.name} (${part.channel.type})`),
    ...sinks.map((part) => `${part.name} (${part.sink.type})`),
  ];
  return `agent ${name}: ${typed.join(', ')}`;
}

function counted(list: readonly unknown[], what: string): string {
  return `${list.length} ${what}${list.length === 1 ? '' : 's'}`;
}
