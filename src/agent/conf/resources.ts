/**
 * Ports and directories that two components of a file take: told before the start, with both lines. Without that the second one
 * fails as it starts, and two that write one directory without a lock would mix their files.
 */
import type { Configured, Resource } from '../component/component-type.ts';
import type { Problems } from '../component/problems.ts';
import type { AgentConf } from './agent-conf.ts';

/** A component with its name for people, e.g. `source r1`. */
export interface Owned {
  readonly owner: string;
  readonly part: Pick<Configured<never, unknown>, 'resources' | 'lineOf'>;
}

interface Taken extends Owned {
  readonly resource: Resource;
}

const EVERY_ADDRESS = ['0.0.0.0', '::', '*'];

/** Refuses what two components take; findings go to `problems`. */
export function checkResources(problems: Problems, components: readonly Owned[]): void {
  const before: Taken[] = [];
  for (const { owner, part } of components) {
    for (const resource of part.resources) {
      const other = before.find((taken) => collide(taken.resource, resource));
      if (other === undefined) before.push({ owner, part, resource });
      else {
        const flume = `starts ${other.owner}, and tries ${owner} again every 3 s`;
        problems.error(part.lineOf(resource.property), told(problems, owner, resource, other), flume);
      }
    }
  }
}

function told(
  problems: Problems,
  owner: string,
  resource: Resource,
  { owner: other, part, resource: first }: Taken,
): string {
  const what = resource.kind === 'port' ? `port ${resource.port}` : `the directory ${resource.path}`;
  const line = part.lineOf(first.property);
  const where = line === undefined ? '' : ` (${problems.lineText(line)})`;
  return `${owner}: ${resource.property} takes ${what}, expected another: ${other}${where} takes it already`;
}

/** Whether two resources cannot be had by two components. */
export function collide(a: Resource, b: Resource): boolean {
  if (a.kind === 'directory') return b.kind === 'directory' && a.path === b.path;
  if (b.kind === 'directory') return false;
  // Port 0 is any free one. Two names of one host are not looked up: the second one fails as it starts.
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || EVERY_ADDRESS.includes(a.host) || EVERY_ADDRESS.includes(b.host);
}

/** All components of an agent that may take something of the machine, in the order of their kinds. */
export function ownersOf({ sources, channels, sinks, groups }: Omit<AgentConf, 'name' | 'reliability'>): Owned[] {
  return [
    ...sources.map(({ name, source }) => ({ owner: `source ${name}`, part: source })),
    ...channels.map(({ name, channel }) => ({ owner: `channel ${name}`, part: channel })),
    ...sinks.map(({ name, sink }) => ({ owner: `sink ${name}`, part: sink })),
    ...groups.map(({ name, processor }) => ({ owner: `the processor of ${name}`, part: processor })),
  ];
}
