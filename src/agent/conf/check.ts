/** Checks the files of agents without making anything of them: all agents that they have, or one. */
import type { Problems } from '../component/problems.ts';
import type { AgentConf } from './agent-conf.ts';
import { type ConfGiven, loadAgent } from './flume-conf.ts';
import { type ConfText, readFiles, warnOfStrays } from './read-files.ts';

/** What was found. */
export interface Checked {
  readonly problems: Problems;
  /** The agents that are right, when no agent has an error. */
  readonly agents: readonly AgentConf[];
}

const LISTS = ['sources', 'channels', 'sinks', 'sinkgroups', 'configfilters'];

/**
 * Reads the agents; config filters are asked.
 * @param name the agent; without it all that the files have: a name with a list, such as `a1.channels`
 * @example (await checkFlumeConfs([{ file: 'flume.conf', text }], { env: process.env })).problems.errors
 */
export async function checkFlumeConfs(files: readonly ConfText[], given: ConfGiven, name?: string): Promise<Checked> {
  const read = readFiles(files, given);
  const { entries, substitution, problems } = read;
  warnOfStrays(read);
  const prefixes = new Map<string, number>();
  for (const [key, { line }] of entries) {
    const [prefix = '', kind = ''] = key.split('.');
    if (prefix === '' || !key.includes('.')) continue;
    if (!prefixes.has(prefix) || LISTS.includes(kind)) prefixes.set(prefix, LISTS.includes(kind) ? 0 : line);
  }
  const agents = name === undefined ? [...prefixes].filter(([, line]) => line === 0).map(([each]) => each) : [name];
  if (name === undefined) {
    for (const [key, { line }] of entries) {
      const [prefix = ''] = key.split('.');
      if (!key.includes('.') || prefix === '' || agents.includes(prefix) || substitution.used.has(key)) continue;
      problems.warn(
        line,
        `${key} is ignored: agent ${prefix} lists nothing, expected ${prefix}.sources = NAME … and so on`,
      );
    }
    if (agents.length === 0)
      problems.error(undefined, 'there is no agent: expected NAME.sources = …, NAME.channels = …');
  }
  const confs: AgentConf[] = [];
  for (const agent of agents) {
    const { conf } = await loadAgent(read, agent, given);
    if (conf !== undefined) confs.push(conf);
  }
  return { problems, agents: problems.errors.length > 0 ? [] : confs };
}
