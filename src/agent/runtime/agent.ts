/** The embedded agent: sources, channels and sinks of a flume.conf, started and stopped together. */

import { type Clock, systemClock } from '../../core/clock.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { type Log, type Logger, loggerOf } from '../../core/log.ts';
import { nextLoop } from '../../core/machine.ts';
import {
  computed,
  isObject,
  type OptionTable,
  oneOf,
  option,
  type Resolved,
  resolveOptions,
  text,
  withMethods,
} from '../../core/options.ts';
import { RELIABILITY_LEVELS, type Reliability } from '../../core/reliability.ts';
import { untilAborted } from '../../core/scope.ts';
import { noTelemetry, type Telemetry } from '../../core/telemetry.ts';
import type { AgentConf } from '../conf/agent-conf.ts';
import { loadFlumeConfs, type ReadConf, readFlumeConfs } from '../conf/flume-conf.ts';
import { readPlaces } from '../conf/places.ts';
import { Lifecycle, type Part } from './lifecycle.ts';
import { registerCounters } from './measures.ts';
import { buildTopology, type Topology } from './topology.ts';

/** How an agent is made. */
export interface AgentOptions {
  /** The agent in the file. Default: 'a1'. */
  readonly name?: string | undefined;
  /** Where `${env:X}` comes from. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where `${sys:X}` comes from, as `-DX=value` on the command line. Default: there are none. */
  readonly system?: Readonly<Record<string, string>> | undefined;
  /**
   * The directory in which what was read is kept, for a start when the file cannot be read. It may have passwords in
   * it. Default: it is not kept.
   */
  readonly backupDirectory?: string | undefined;
  /**
   * The level of reliability for a file that does not say `NAME.reliability` itself. A file whose channels are weaker
   * is refused; one that says a stronger level keeps it, with a warning. Default: whatever the file has is used as it
   * is.
   */
  readonly reliability?: Reliability | undefined;
  /** Where lines go: a pino logger fits, and so does `console`. Default: warnings and errors to stderr. */
  readonly log?: Log | undefined;
  /** Takes the counters of all components. Default: nobody. */
  readonly telemetry?: Telemetry | undefined;
  /** What time it is, and timers. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

export const AGENT_OPTIONS = {
  name: text({ default: 'a1', expected: 'the name of an agent of the file', doc: 'the agent in the file' }),
  env: option(
    { default: computed('the environment of the process', () => process.env), doc: `where \`\${env:X}\` comes from` },
    {
      kind: 'object',
      expected: 'an object of texts, such as process.env',
      read: (value) => (isObject(value) ? (value as NodeJS.ProcessEnv) : undefined),
    },
  ),
  system: option(
    { absent: 'there are none', doc: `where \`\${sys:X}\` comes from, as \`-DX=value\` on the command line` },
    {
      kind: 'object',
      expected: 'an object of texts',
      read: (value) => (isObject(value) ? (value as Readonly<Record<string, string>>) : undefined),
    },
  ),
  backupDirectory: text({
    absent: 'it is not kept',
    doc: 'the directory in which what was read is kept, for a start when the file cannot be read',
    more: 'It may have passwords in it.',
  }),
  reliability: oneOf(RELIABILITY_LEVELS, {
    absent: 'whatever the file has is used as it is',
    doc: 'the level of reliability for a file that does not say `NAME.reliability` itself',
    more: 'A file whose channels are weaker is refused; one that says a stronger level keeps it, with a warning.',
  }),
  log: withMethods<Log>(['debug', 'info', 'warn', 'error'], {
    absent: 'warnings and errors to stderr',
    doc: 'where lines go: a pino logger fits, and so does `console`',
  }),
  telemetry: withMethods<Telemetry, 'default'>(['counter', 'observableCounter', 'gauge', 'span'], {
    default: computed('nobody', () => noTelemetry),
    doc: 'takes the counters of all components',
  }),
  clock: withMethods<Clock, 'default'>(['now', 'after'], {
    default: computed("the machine's", () => systemClock),
    doc: 'what time it is, and timers',
  }),
} satisfies OptionTable<AgentOptions>;

/**
 * An agent. It is made once, started once and stopped once.
 *
 * @example
 * const agent = await Agent.fromFile('flume.conf', { name: 'a1', log: silentLogger });
 * await agent.start();
 * await agent.drained();
 * await agent.stop();
 */
export class Agent {
  readonly name: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #parts: Topology;
  readonly #lifecycle: Lifecycle;
  readonly #telemetry: Telemetry;
  /** Each takes a measurement back. */
  #measured: readonly (() => void)[] = [];

  private constructor(conf: AgentConf, options: Resolved<typeof AGENT_OPTIONS>) {
    this.name = conf.name;
    this.#log = loggerOf(options.log).child({ agent: conf.name });
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#parts = buildTopology(conf, { log: this.#log, clock: this.#clock });
    const { channels, runners, sources } = this.#parts;
    const groups = [partsOf('channel', channels), partsOf('sink', runners), partsOf('source', sources)];
    this.#lifecycle = new Lifecycle(groups, this.#clock, this.#log);
  }

  /**
   * Reads a flume.conf and makes the agent; nothing is started.
   * @param path the path of the file, or its URI (`file:`, `http:`, `https:`); or several, of which later ones override earlier ones
   * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONNECT_FAILED, CONFIG_INVALID (all errors with their lines); CONFIG_UNKNOWN (an option)
   * @example await Agent.fromFile(['flume.conf', 'https://conf.example/passwords.conf'], { system: { stage: 'test' } })
   */
  static async fromFile(path: string | readonly string[], options: AgentOptions = {}): Promise<Agent> {
    const resolved = resolveOptions('Agent.fromFile', AGENT_OPTIONS, options);
    const { backupDirectory: directory, name } = resolved;
    const backup = directory === undefined ? undefined : { directory, agent: name };
    const files = await readPlaces(typeof path === 'string' ? [path] : path, backup, loggerOf(resolved.log));
    return Agent.#make(await loadFlumeConfs(files, resolved.name, resolved), resolved);
  }

  /** As {@link Agent.fromFile}, of a text; `path` is what errors call it. Config filters are not asked: a file that has some is refused. */
  static fromText(text: string, path: string, options: AgentOptions = {}): Agent {
    const resolved = resolveOptions('Agent.fromText', AGENT_OPTIONS, options);
    return Agent.#make(readFlumeConfs([{ file: path, text }], resolved.name, resolved), resolved);
  }

  static #make({ conf, problems }: ReadConf, options: Resolved<typeof AGENT_OPTIONS>): Agent {
    const log = loggerOf(options.log);
    for (const warning of problems.warnings) log.warn({}, problems.format(warning));
    problems.throwIfAny();
    if (conf === undefined) throw new StreamjobError('CONFIG_INVALID', `${problems.file} cannot be used`);
    return new Agent(conf, options);
  }

  /**
   * Starts channels, then sinks, then sources. When one cannot start, those before it are stopped again. A started agent keeps the
   * process alive until it is stopped, also when all its sources have ended.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, CHANNEL_LOCKED, CHANNEL_CORRUPT, FILE_NOT_FOUND, FILE_ACCESS, TLS_INVALID
   */
  async start(): Promise<void> {
    this.#measured = registerCounters(this.#telemetry, this.name, this.#parts.counters);
    try {
      await this.#lifecycle.start();
    } catch (error) {
      await this.stop().catch((cause: unknown) =>
        this.#log.error({ cause: messageOf(cause) }, 'stopping after a failed start failed too'),
      );
      throw error;
    }
    if (!this.#lifecycle.signal.aborted) this.#log.info({}, `agent ${this.name} runs: ${this.#summary()}`);
  }

  /**
   * Stops sources, then sinks, then channels; more calls wait for the first. Events that were not delivered stay in file channels.
   * It always comes to an end: of each of the three, what has not stopped after 30 s is logged and left behind (see {@link Agent.unstopped}).
   * @throws what a component threw as it was stopped, after all were stopped
   */
  async stop(): Promise<void> {
    try {
      await this.#lifecycle.stop();
    } finally {
      for (const takeBack of this.#measured) takeBack();
    }
  }

  /** What a stop has left behind since it did not stop in time, e.g. `source r1`. It may keep the process alive. */
  get unstopped(): readonly string[] {
    return this.#lifecycle.unstopped;
  }

  /**
   * Resolves when every source has ended, all channels are empty and no take is open; or when `signal` aborts or the agent
   * stops. With an endless source that is only then: see {@link Agent.endlessSources}.
   */
  async drained(signal?: AbortSignal): Promise<void> {
    const stopped = aborted(this.#lifecycle.signal);
    const given = signal === undefined ? stopped : Promise.race([stopped, aborted(signal)]);
    await Promise.race([given, Promise.all([...this.#parts.sources.values()].map((source) => source.whenEnded()))]);
    await this.#emptied(signal);
  }

  /** Stops the sources and lets the sinks deliver what the channels hold, until these are empty or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    // Stopping a source twice does nothing the second time, so `stop` needs no other order for it.
    const stopped = [...this.#parts.sources.values()].map((source) => source.stop());
    await untilAborted(Promise.all(stopped), signal);
    await this.#emptied(signal);
  }

  async #emptied(signal?: AbortSignal): Promise<void> {
    for (const channel of this.#parts.channels.values()) await channel.whenEmpty(signal);
    // What left a channel may be on disk with its sink's processor.
    for (const processor of this.#parts.processors) await processor.whenEmpty(signal);
    // The sink that committed last has yet to count it.
    await nextLoop();
  }

  /** Names of sources that never end by themselves. */
  endlessSources(): string[] {
    return [...this.#parts.sources].filter(([, source]) => source.endless).map(([name]) => name);
  }

  /** Counters by component, e.g. `SOURCE.r1`, under Flume's names. */
  counters(): Record<string, Record<string, number>> {
    return Object.fromEntries(Object.entries(this.#parts.counters).map(([name, counters]) => [name, { ...counters }]));
  }

  /** The address that a source or sink listens on, once started; for port 0. */
  address(name: string): { readonly host: string; readonly port: number } | undefined {
    return this.#parts.sources.get(name)?.address ?? this.#parts.sinks.get(name)?.address;
  }

  #summary(): string {
    const { sources, channels, sinks } = this.#parts;
    const list = (kind: string, names: Iterable<string>): string => `${kind} ${[...names].join(', ') || 'none'}`;
    return [list('sources', sources.keys()), list('channels', channels.keys()), list('sinks', sinks.keys())].join('; ');
  }
}

function partsOf(kind: string, parts: ReadonlyMap<string, Pick<Part, 'start' | 'stop'>>): Part[] {
  return [...parts].map(([name, part]) => ({
    what: `${kind} ${name}`,
    start: () => part.start(),
    stop: async () => part.stop(),
  }));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
