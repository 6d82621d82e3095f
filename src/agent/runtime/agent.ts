/** The embedded agent: sources, channels and sinks of a flume.conf, started and stopped together. */

import type { AgentInspection } from '../../core/agent-inspection.ts';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import { type Logger, loggerOf } from '../../core/log.ts';
import { nextLoop } from '../../core/machine.ts';
import { type Resolved, resolveOptions } from '../../core/options.ts';
import { untilAborted } from '../../core/scope.ts';
import type { AgentConf } from '../conf/agent-conf.ts';
import { loadFlumeConfs, type ReadConf, readFlumeConfs } from '../conf/flume-conf.ts';
import { readPlaces } from '../conf/places.ts';
import type { ConfText } from '../conf/read-files.ts';
import type { Source } from '../sources/source.ts';
import { AGENT_OPTIONS, type AgentOptions } from './agent-options.ts';
import { Components } from './components.ts';
import { Reloader } from './reload.ts';

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
  /** The name by which the file has it. */
  readonly name: string;
  readonly #log: Logger;
  readonly #options: Resolved<typeof AGENT_OPTIONS>;
  readonly #components: Components;
  #reloader: Reloader | undefined;
  /** The warnings of the file that were told. */
  #warned: ReadonlySet<string> = new Set();

  private constructor(conf: AgentConf, options: Resolved<typeof AGENT_OPTIONS>) {
    this.name = conf.name;
    this.#options = options;
    this.#log = loggerOf(options.log).child({ agent: conf.name });
    const { clock, telemetry } = options;
    this.#components = new Components(conf, { log: this.#log, clock, telemetry });
  }

  /**
   * Reads a flume.conf and makes the agent; nothing is started.
   * @param path the path of the file, or its URI (`file:`, `http:`, `https:`); or several, of which later ones override earlier ones
   * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONNECT_FAILED, CONFIG_INVALID (all errors with their lines); CONFIG_UNKNOWN (an option)
   * @example await Agent.fromFile(['flume.conf', 'https://conf.example/passwords.conf'], { system: { stage: 'test' } })
   */
  static async fromFile(path: string | readonly string[], options: AgentOptions = {}): Promise<Agent> {
    const resolved = resolveOptions('Agent.fromFile', AGENT_OPTIONS, options);
    const { backupDirectory: directory, clock, name } = resolved;
    const places = typeof path === 'string' ? [path] : path;
    const backup = directory === undefined ? undefined : { directory, agent: name };
    const texts = await readPlaces(places, backup, loggerOf(resolved.log));
    const agent = Agent.#make(await loadFlumeConfs(texts, name, resolved), resolved);
    const apply = (again: readonly ConfText[]): Promise<boolean> => agent.#goOver(again);
    agent.#reloader = new Reloader({ places, backup, clock, log: agent.#log, apply }, texts);
    return agent;
  }

  /** As {@link Agent.fromFile}, of a text; `path` is what errors call it. Config filters are not asked: a file that has some is refused. */
  static fromText(text: string, path: string, options: AgentOptions = {}): Agent {
    const resolved = resolveOptions('Agent.fromText', AGENT_OPTIONS, options);
    return Agent.#make(readFlumeConfs([{ file: path, text }], resolved.name, resolved), resolved);
  }

  static #make(read: ReadConf, options: Resolved<typeof AGENT_OPTIONS>): Agent {
    const warned = tellWarnings(read, loggerOf(options.log), new Set());
    const agent = new Agent(usable(read), options);
    agent.#warned = warned;
    return agent;
  }

  /**
   * Starts channels, then sinks, then sources. When one cannot start, those before it are stopped again, or it is tried again every 3 s
   * (`failFast: false`). A started agent keeps the process alive until it is stopped, also when all its sources have ended.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, CHANNEL_LOCKED, CHANNEL_CORRUPT, FILE_NOT_FOUND, FILE_ACCESS, TLS_INVALID
   */
  async start(): Promise<void> {
    const { failFast, pollInterval } = this.#options;
    try {
      await this.#components.start(failFast);
    } catch (error) {
      await this.stop().catch((cause: unknown) =>
        this.#log.error({ cause: messageOf(cause) }, 'stopping after a failed start failed too'),
      );
      throw error;
    }
    if (this.#components.signal.aborted) return;
    this.#log.info({}, `agent ${this.name} runs: ${this.#summary()}`);
    if (pollInterval !== undefined) void this.#reloader?.watch(pollInterval, this.#components.signal);
  }

  /**
   * Reads the files again and goes over to what they say: what has changed is stopped and started, what has not runs on with its
   * connections, and channels keep their events.
   * @returns whether anything has changed
   * @throws StreamjobError as of {@link Agent.fromFile}; PORT_IN_USE, LISTEN_FAILED: what a new component takes is not to be had. The agent
   *   runs on as it was then. Also FILE_NOT_FOUND for an agent that was made of a text
   * @example process.on('SIGHUP', () => void agent.reload().catch(console.error));
   */
  async reload(): Promise<boolean> {
    if (this.#reloader !== undefined) return await this.#reloader.now();
    throw new StreamjobError('FILE_NOT_FOUND', `agent ${this.name} was made of a text: there is no file to read again`);
  }

  async #goOver(texts: readonly ConfText[]): Promise<boolean> {
    const read = await loadFlumeConfs(texts, this.name, this.#options);
    this.#warned = tellWarnings(read, this.#log, this.#warned);
    const changed = await this.#components.change(usable(read));
    if (changed) this.#log.info({}, `agent ${this.name} has gone over to what its file says now: ${this.#summary()}`);
    return changed;
  }

  /**
   * Stops sources, then sinks, then channels; more calls wait for the first. Events that were not delivered stay in file channels.
   * It always comes to an end: of each of the three, what has not stopped after 30 s is logged and left behind (see {@link Agent.unstopped}).
   * @throws what a component threw as it was stopped, after all were stopped
   */
  async stop(): Promise<void> {
    await this.#components.stop();
  }

  /** What a stop has left behind since it did not stop in time, e.g. `source r1`. It may keep the process alive. */
  get unstopped(): readonly string[] {
    return this.#components.unstopped;
  }

  /**
   * Resolves when every source has ended, all channels are empty and no take is open; or when `signal` aborts or the agent
   * stops. With an endless source that is only then: see {@link Agent.endlessSources}.
   */
  async drained(signal?: AbortSignal): Promise<void> {
    const stopped = aborted(this.#components.signal);
    const given = signal === undefined ? stopped : Promise.race([stopped, aborted(signal)]);
    for (;;) {
      const { nextChange, topology } = this.#components;
      const ended = Promise.all([...topology.sources.values()].map((source) => source.whenEnded()));
      const wait = Promise.race([
        ended.then(() => 'ended'),
        given.then(() => 'given'),
        nextChange.then(() => 'changed'),
      ]);
      const why = await wait;
      if (why !== 'changed') await this.#emptied(signal);
      // Another file has come: its sources and channels count.
      if (why === 'given' || (why === 'ended' && topology === this.#components.topology)) return;
    }
  }

  /** Stops the sources and lets the sinks deliver what the channels hold, until these are empty or `signal` aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    // Stopping a source twice does nothing the second time, so `stop` needs no other order for it.
    const stopped = [...this.#components.topology.sources.values()].map((source) => source.stop());
    await untilAborted(Promise.all(stopped), signal);
    await this.#emptied(signal);
  }

  async #emptied(signal?: AbortSignal): Promise<void> {
    for (const channel of this.#components.topology.channels.values()) await channel.whenEmpty(signal);
    // What left a channel may be on disk with its sink's processor.
    for (const processor of this.#components.topology.processors.values()) await processor.whenEmpty(signal);
    // The sink that committed last has yet to count it.
    await nextLoop();
  }

  /** Names of sources that never end by themselves. */
  endlessSources(): string[] {
    return [...this.#components.topology.sources].filter(([, source]) => source.endless).map(([name]) => name);
  }

  /** Counters by component, e.g. `SOURCE.r1`, under Flume's names. */
  counters(): Record<string, Record<string, number>> {
    return Object.fromEntries(
      Object.entries(this.#components.topology.counters).map(([name, counters]) => [name, { ...counters }]),
    );
  }

  /** @internal What its components are at, for those who look. */
  inspect(): AgentInspection {
    return this.#components.inspect();
  }

  /** The address that a source or sink listens on, once started; for port 0. */
  address(name: string): { readonly host: string; readonly port: number } | undefined {
    return this.#components.topology.sources.get(name)?.address ?? this.#components.topology.sinks.get(name)?.address;
  }

  /** @internal A source by its name. */
  sourceOf(name: string): Source | undefined {
    return this.#components.topology.sources.get(name);
  }

  #summary(): string {
    const { sources, channels, sinks } = this.#components.topology;
    const list = (kind: string, names: Iterable<string>): string => `${kind} ${[...names].join(', ') || 'none'}`;
    return [list('sources', sources.keys()), list('channels', channels.keys()), list('sinks', sinks.keys())].join('; ');
  }
}

/** Warnings are told once, also when the file is read again and again. @returns what was told */
function tellWarnings({ problems }: ReadConf, log: Logger, before: ReadonlySet<string>): ReadonlySet<string> {
  for (const warning of problems.warnings) if (!before.has(warning.message)) log.warn({}, problems.format(warning));
  return new Set(problems.warnings.map(({ message }) => message));
}

/** @throws StreamjobError CONFIG_INVALID */
function usable({ conf, problems }: ReadConf): AgentConf {
  problems.throwIfAny();
  if (conf === undefined) throw new StreamjobError('CONFIG_INVALID', `${problems.file} cannot be used`);
  return conf;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
