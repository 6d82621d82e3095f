/**
 * Owns the components of an agent from their making to their end. It goes over from one file to another: what has not changed runs on,
 * with its connections and its events. What cannot start is made anew every three seconds, until it starts or the file says otherwise.
 */
import type { AgentInspection } from '../../core/agent-inspection.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Channel } from '../channels/channel.ts';
import type { AgentConf } from '../conf/agent-conf.ts';
import { collide, type Owned, ownersOf } from '../conf/resources.ts';
import { inspectionOf, type PartState } from './inspection.ts';
import { Lifecycle, type Part } from './lifecycle.ts';
import { registerCounters } from './measures.ts';
import { moveEvents } from './move.ts';
import { isAll, type Kept, keptOf, type PartKind } from './plan.ts';
import { probe } from './probe.ts';
import { buildTopology, type Topology } from './topology.ts';

/** As Flume does. */
const RETRY_MS = 3000;

/** What all components are given, and who counts. */
export interface ComponentsGiven {
  readonly log: Logger;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A channel that another one has replaced, with the events that are still to be moved. */
interface Old {
  readonly name: string;
  readonly channel: Channel;
  readonly part: Part;
}

/** The components of an agent. */
export class Components {
  readonly #given: ComponentsGiven;
  readonly #lifecycle: Lifecycle;
  readonly #parts = new WeakMap<object, Part>();
  #conf: AgentConf;
  #topology: Topology;
  #old: readonly Old[] = [];
  /** Each takes a measurement back. */
  #measured: readonly (() => void)[] = [];
  #changes = newSignal();
  /** One change after another. */
  #turn: Promise<unknown> = Promise.resolve();
  #retry: Timer | undefined;
  /** What was told of each part that cannot start. */
  #told = new Map<string, string>();

  constructor(conf: AgentConf, given: ComponentsGiven) {
    this.#given = given;
    this.#conf = conf;
    this.#topology = buildTopology(conf, given);
    this.#lifecycle = new Lifecycle(this.#groups(), given.clock, given.log);
  }

  /** What there is now. */
  get topology(): Topology {
    return this.#topology;
  }

  /** Resolves when the topology is another one, whose components have had their chance to start. */
  get nextChange(): Promise<void> {
    return this.#changes.came;
  }

  /** Aborts when a stop begins. */
  get signal(): AbortSignal {
    return this.#lifecycle.signal;
  }

  /** What each component is at, for those who look. */
  inspect(): AgentInspection {
    return inspectionOf(this.#conf, this.#topology, (kind, name) => this.#stateOf(kind, name));
  }

  /** What did not stop in time. */
  get unstopped(): readonly string[] {
    return this.#lifecycle.unstopped;
  }

  /**
   * Starts all.
   * @param failFast whether the first that cannot start ends it; otherwise it resolves after one attempt for each, and goes on trying
   * @throws with failFast, what a component threw
   */
  start(failFast: boolean): Promise<void> {
    return this.#inTurn(async () => {
      this.#measure();
      if (failFast) await this.#lifecycle.start();
      else await this.#startRest();
    });
  }

  /**
   * Goes over to what another file says; not after a stop.
   * @returns whether that is anything else
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, FILE_NOT_FOUND, FILE_ACCESS: what a new component takes is not to be had; nothing
   *   has happened then
   */
  async change(conf: AgentConf): Promise<boolean> {
    let changed = false;
    await this.#inTurn(async () => {
      if (this.signal.aborted) return;
      await this.#probe(conf);
      const kept = this.#keptFor(conf);
      changed = !isAll(conf, kept) || !isAll(this.#conf, kept) || kept.adapted.size + kept.rewired.size > 0;
      changed &&= !this.signal.aborted;
      if (changed) await this.#goOver(conf, kept);
    });
    return changed;
  }

  /** Stops sources, then sinks, then channels; more calls wait for the first. @throws what a component threw, after all were stopped */
  async stop(): Promise<void> {
    this.#retry?.cancel();
    const stopped = this.#lifecycle.stop();
    // A source that waits at a way that is held would not stop.
    for (const way of this.#topology.ways.values()) way.letGo();
    try {
      await stopped;
    } finally {
      for (const takeBack of this.#measured) takeBack();
      this.#measured = [];
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #keptFor(conf: AgentConf): Kept {
    return keptOf(this.#conf, conf, (kind, name) => this.#stateOf(kind, name).isStarted);
  }

  #stateOf(kind: PartKind, name: string): PartState {
    const component = this.#of(kind).get(name);
    const part = component === undefined ? undefined : this.#parts.get(component);
    const isStarted = part !== undefined && this.#lifecycle.isStarted(part);
    return { isStarted, problem: isStarted ? undefined : this.#told.get(`${kind} ${name}`) };
  }

  #of(kind: PartKind): ReadonlyMap<string, Pick<Part, 'start' | 'stop'>> {
    const { channels, runners, sources } = this.#topology;
    return { channel: channels, sink: runners, source: sources }[kind];
  }

  /** What is as it was and does not start is tried again anyway, and is no reason to stay with the file before. */
  async #probe(conf: AgentConf): Promise<void> {
    const kept = keptOf(this.#conf, conf, () => true);
    const going = ownersOf(this.#conf).filter(({ part }) => !isKept(part, this.#conf, kept));
    const fresh = ownersOf(conf).filter(({ part }) => !isKept(part, conf, kept));
    await probe(
      fresh,
      going.flatMap(({ part }) => part.resources),
    );
  }

  async #goOver(conf: AgentConf, kept: Kept): Promise<void> {
    const before = this.#topology;
    const next = buildTopology(conf, this.#given, { topology: before, kept });
    await Promise.all([...next.rewired.keys()].map((way) => way.hold()));
    this.#old = [...this.#old, ...this.#replaced(conf, kept)];
    for (const { name, channel } of conf.channels) {
      const running = next.channels.get(name);
      if (kept.adapted.has(name) && running !== undefined) channel.adapt?.(running);
    }
    this.#topology = next;
    this.#conf = conf;
    await this.#lifecycle.leaveFor(this.#groups());
    this.#measure();
    await this.#startRest();
    // Not before: a source that has not started does not know when it ends.
    this.#changes.come();
    this.#changes = newSignal();
    // A stop has let them go already, with what they had.
    if (this.signal.aborted) return;
    for (const [way, parts] of next.rewired) way.letGo(parts);
  }

  /** Channels whose events are to be moved into another one of their name; one that has the same directory finds them there. */
  #replaced(conf: AgentConf, kept: Kept): Old[] {
    return this.#conf.channels.flatMap(({ name, channel: before }) => {
      const after = conf.channels.find((each) => each.name === name)?.channel;
      const channel = this.#topology.channels.get(name);
      const part = channel === undefined ? undefined : this.#parts.get(channel);
      if (after === undefined || channel === undefined || part === undefined || kept.channels.has(name)) return [];
      if (!this.#lifecycle.isStarted(part)) return [];
      if (after.resources.some((resource) => before.resources.some((other) => collide(other, resource)))) return [];
      return [{ name, channel, part }];
    });
  }

  /** Starts what is not started, and comes back when something is left to do. */
  async #startRest(): Promise<void> {
    this.#retry?.cancel();
    const failures = await this.#lifecycle.tryStart();
    const told = new Map<string, string>();
    for (const { part, error } of failures) {
      const message = messageOf(error);
      told.set(part.what, message);
      if (this.#told.get(part.what) === message) continue;
      this.#given.log.error(
        { component: part.what, cause: message },
        `${part.what} cannot start, and is tried again every ${RETRY_MS / 1000} s: ${message}`,
      );
    }
    for (const { what } of this.#groups()
      .flat()
      .filter((part) => this.#lifecycle.isStarted(part)))
      if (this.#told.has(what)) this.#given.log.info({ component: what }, `${what} has started`);
    this.#told = told;
    await this.#moveOld();
    if ((failures.length === 0 && this.#old.length === 0) || this.signal.aborted) return;
    this.#retry = this.#given.clock.after(RETRY_MS, () => {
      this.#inTurn(() => this.#again()).catch((error: unknown) =>
        this.#given.log.error({ cause: messageOf(error) }, `the agent could not go on: ${messageOf(error)}`),
      );
    });
  }

  async #again(): Promise<void> {
    if (!this.signal.aborted) await this.#goOver(this.#conf, this.#keptFor(this.#conf));
  }

  async #moveOld(): Promise<void> {
    const left: Old[] = [];
    for (const old of this.#old) {
      const to = this.#topology.channels.get(old.name);
      const part = to === undefined ? undefined : this.#parts.get(to);
      const isThere = to !== undefined && part !== undefined && this.#lifecycle.isStarted(part);
      if (to !== undefined && !(isThere && (await moveEvents(old.channel, to, this.#given.log, this.signal))))
        left.push(old);
    }
    if (left.length === this.#old.length) return;
    this.#old = left;
    await this.#lifecycle.leaveFor(this.#groups());
  }

  #groups(): Part[][] {
    const { channels, runners, sources } = this.#topology;
    const groups = [
      this.#partsOf('channel', channels),
      this.#partsOf('sink', runners),
      this.#partsOf('source', sources),
    ];
    groups[0]?.push(...this.#old.map(({ part }) => part));
    return groups;
  }

  #partsOf(kind: PartKind, components: ReadonlyMap<string, Pick<Part, 'start' | 'stop'>>): Part[] {
    return [...components].map(([name, component]) => {
      const part = this.#parts.get(component) ?? {
        what: `${kind} ${name}`,
        start: () => component.start(),
        stop: async () => component.stop(),
      };
      this.#parts.set(component, part);
      return part;
    });
  }

  #measure(): void {
    for (const takeBack of this.#measured) takeBack();
    this.#measured = registerCounters(this.#given.telemetry, this.#conf.name, this.#topology.counters);
  }
}

/** Something that comes once, and those who wait for it. */
function newSignal(): { readonly came: Promise<void>; readonly come: () => void } {
  let come = (): void => {};
  const came = new Promise<void>((resolve) => {
    come = resolve;
  });
  return { came, come };
}

function isKept(part: Owned['part'], { channels, groups, sinks, sources }: AgentConf, kept: Kept): boolean {
  const group = groups.find(({ name, processor, sinks: members }) => {
    const own = sinks.filter((sink) => members.includes(sink.name));
    return kept.groups.has(name) && (processor === part || own.some(({ sink }) => sink === part));
  });
  return (
    group !== undefined ||
    channels.some(({ name, channel }) => channel === part && kept.channels.has(name)) ||
    sources.some(({ name, source }) => source === part && kept.sources.has(name))
  );
}
