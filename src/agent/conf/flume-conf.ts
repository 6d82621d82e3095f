/**
 * A flume.conf: `<agent>.sources|channels|sinks` lists and `<agent>.<kind>.<name>.<property>`. Everything that is wrong is
 * collected with its line. Unlike Flume, which leaves a bad component out and starts the rest, a file with an error is refused.
 */
import { type Clock, systemClock } from '../../core/clock.ts';
import { type Log, loggerOf } from '../../core/log.ts';
import { nearest } from '../../core/registry.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { OwnTypes } from '../component/component-type.ts';
import type { Problems } from '../component/problems.ts';
import type { Settings } from '../component/settings.ts';
import type { AgentConf, ChannelConf, SinkConf, SinkGroupConf } from './agent-conf.ts';
import { checkUse } from './cross-checks.ts';
import { applyFilters, readFilters, refuseFiltered } from './filters.ts';
import { checkLevel, type Level, readLevel } from './level.ts';
import type { Surroundings } from './lookups.ts';
import { loadOwnTypes, refuseOwnTypes } from './own-types.ts';
import { KINDS, type Kind, PartReader } from './parts.ts';
import { agentsOf, type ConfText, ownSettings, type ReadFiles, readFiles, warnOfStrays } from './read-files.ts';
import { checkResources, ownersOf } from './resources.ts';
import { ownGroups, readSinkGroups } from './sink-groups.ts';

/** What an agent has beside its components. */
const FURTHER = ['sinkgroups', 'configfilters', 'reliability'];

/** What Flume does with an agent that it cannot use. */
const IDLE = 'runs on without any component';

/** What a file is read with. */
export interface ConfGiven extends Surroundings {
  /** Ends the time of a config filter that does not answer. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** The level of reliability that the caller wants, for a file that says none. */
  readonly reliability?: Reliability | undefined;
  /** Told at level debug why a user's component could not be bundled. */
  readonly log?: Log | undefined;
}

/** What was read: the agent, or undefined when there are errors; and everything that was found. */
export interface ReadConf {
  readonly conf: AgentConf | undefined;
  readonly problems: Problems;
}

/**
 * Reads the texts of files, the later ones over the earlier ones, and asks the config filters for the values that are theirs.
 * @param files the files
 * @param name the agent
 * @example
 * const { conf, problems } = await loadFlumeConfs([{ file: 'flume.conf', text }], 'a1', { env: process.env });
 * problems.throwIfAny();
 */
export async function loadFlumeConfs(files: readonly ConfText[], name: string, given: ConfGiven): Promise<ReadConf> {
  const read = readFiles(files, given);
  warnOfStrays(read);
  return await loadAgent(read, name, given);
}

/** One agent of files that are read. */
export async function loadAgent(read: ReadFiles, name: string, given: ConfGiven): Promise<ReadConf> {
  const settings = ownSettings(read, name);
  const { env, clock = systemClock, log } = given;
  const filters = readFilters({ agent: name, settings, problems: read.problems });
  const filtered = await applyFilters(filters, settings, read.problems, { env, clock });
  const own = await loadOwnTypes(filtered, read.problems, loggerOf(log));
  return confOf(read, filtered, own, name, given);
}

/** As {@link loadFlumeConfs}, at once: a value that a config filter has is an error. */
export function readFlumeConfs(files: readonly ConfText[], name: string, given: ConfGiven): ReadConf {
  const read = readFiles(files, given);
  warnOfStrays(read);
  const settings = ownSettings(read, name);
  readFilters({ agent: name, settings, problems: read.problems });
  refuseFiltered(settings, read.problems);
  return confOf(read, settings, refuseOwnTypes(settings), name, given);
}

/** As {@link readFlumeConfs}, of one file. @param env where `${env:X}` comes from */
export function readFlumeConf(
  text: string,
  file: string,
  name: string,
  env: Surroundings['env'],
  reliability?: Reliability | undefined,
): ReadConf {
  return readFlumeConfs([{ file, text }], name, { env, reliability });
}

/** The agent of properties whose variables are put in. */
function confOf(read: ReadFiles, settings: Settings, own: OwnTypes, name: string, given: ConfGiven): ReadConf {
  const { problems } = read;
  const conf = new ConfReader(name, settings, problems, own, given).read(agentsOf(read));
  return { conf: problems.errors.length > 0 ? undefined : conf, problems };
}

class ConfReader {
  readonly #agent: string;
  readonly #given: ConfGiven;
  readonly #own: OwnTypes;
  readonly #settings: Settings;
  readonly #problems: Problems;
  readonly #names: Readonly<Record<Kind, readonly string[]>>;

  constructor(agent: string, settings: Settings, problems: Problems, own: OwnTypes, given: ConfGiven) {
    this.#agent = agent;
    this.#given = given;
    this.#own = own;
    this.#settings = settings;
    this.#problems = problems;
    this.#names = { sources: this.#list('sources'), channels: this.#list('channels'), sinks: this.#list('sinks') };
  }

  read(agents: readonly string[]): AgentConf | undefined {
    if (!this.#hasAgent(agents)) return undefined;
    this.#checkKeys();
    const parts = new PartReader({
      agent: this.#agent,
      settings: this.#settings,
      problems: this.#problems,
      names: this.#names,
      own: this.#own,
      given: this.#given,
    });
    const channels = this.#names.channels.flatMap((name) => parts.channel(name));
    const byName = new Map(channels.map((conf) => [conf.name, conf.channel]));
    const sources = this.#names.sources.flatMap((name) => parts.source(name, byName));
    const sinks = this.#names.sinks.flatMap((name) => parts.sink(name, byName));
    if (this.#names.channels.length === 0)
      this.#problems.error(
        undefined,
        `agent ${this.#agent} has no channels: expected ${this.#agent}.channels = NAME …`,
        IDLE,
      );
    if (this.#names.sources.length + this.#names.sinks.length === 0)
      this.#problems.error(undefined, `agent ${this.#agent} has no sources and no sinks`, IDLE);
    const level = readLevel(this.#problems, this.#settings, this.#given.reliability);
    const groups = this.#groups(channels, sinks, level);
    checkResources(this.#problems, ownersOf({ sources, channels, sinks, groups }));
    // A component that is wrong is missing here, which is no further news.
    if (this.#problems.errors.length === 0) checkUse(this.#problems, this.#settings, { channels, sources, sinks });
    return { name: this.#agent, channels, sources, sinks, groups, reliability: level?.level };
  }

  #groups(channels: readonly ChannelConf[], sinks: readonly SinkConf[], level: Level | undefined): SinkGroupConf[] {
    const given = {
      agent: this.#agent,
      settings: this.#settings,
      problems: this.#problems,
      sinks: this.#names.sinks,
    };
    const groups = readSinkGroups(given);
    if (level !== undefined) checkLevel(this.#problems, level, { ...given, channels, sinks, groups });
    return [...groups, ...ownGroups(given, sinks, groups, channels, level?.level)];
  }

  #hasAgent(agents: readonly string[]): boolean {
    if (this.#settings.size > 0) return true;
    const others = agents.length === 0 ? 'the file is empty' : `the file has: ${agents.join(', ')}`;
    this.#problems.error(undefined, `there is no agent named ${this.#agent}; ${others}`, IDLE);
    return false;
  }

  /** Keys that belong to nothing: unknown kinds, components that are not listed, what is not supported yet. */
  #checkKeys(): void {
    const known = [...KINDS, ...FURTHER];
    for (const [key, { line, key: whole }] of this.#settings) {
      const [kind = '', name] = key.split('.');
      const listed = KINDS.find((known) => known === kind);
      if (listed === undefined) {
        if (FURTHER.includes(kind)) continue;
        const near = nearest(kind, known);
        this.#problems.error(
          line,
          `${whole}: ${kind} is unknown, expected one of ${KINDS.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`,
          'ignores it',
        );
      } else if (name !== undefined && !this.#names[listed].includes(name)) {
        const near = nearest(name, this.#names[listed]);
        this.#problems.warn(
          line,
          `${whole} is ignored: ${name} is not in ${this.#agent}.${kind}${near === undefined ? '' : `; did you mean ${near}?`}`,
        );
      }
    }
  }

  #list(kind: Kind): readonly string[] {
    const names = (this.#settings.get(kind)?.value ?? '').split(/\s+/).filter((name) => name !== '');
    for (const name of names) {
      if (name.includes('.'))
        this.#problems.error(
          this.#settings.get(kind)?.line,
          `${this.#agent}.${kind}: the name ${name} must not have a dot`,
        );
    }
    return [...new Set(names)];
  }
}
