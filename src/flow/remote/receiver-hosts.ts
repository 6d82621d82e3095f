/**
 * The driver's side of receivers on other hosts: it listens for them, lets each join the receivers of the job's inputs, and notices who is
 * lost. A host that comes with the name of another one takes its place. Blocks of a host that is lost stay until no batch holds them.
 */
import type { Server, Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.ts';
import { listenError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { absolutePlace, directoryOf, isBelow, placeIn } from '../../core/storage/places.ts';
import { storageOf } from '../../core/storage/storages.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { Channel, type Message } from './channel.ts';
import { type Attach, type Attached, type FromHost, PROTOCOL_VERSION } from './messages.ts';
import type { HostLink, RemoteReceiver } from './remote-receiver.ts';
import { requireSecurity, type Security, serverFor } from './security.ts';

/** What it works with. */
export interface ReceiverHostsParts {
  readonly host: string;
  readonly port: number;
  /** Undefined: hosts are on this machine. */
  readonly security: Security | undefined;
  /** The directory of the storage. */
  readonly root: string;
  /** By the numbers of the job's inputs, those that hosts receive for. */
  readonly receivers: ReadonlyMap<number, RemoteReceiver>;
  /** The names of all inputs, by their numbers. */
  readonly inputs: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly telemetry: Telemetry;
}

/** A host, attached. */
interface AttachedHost extends HostLink {
  /** Of its blocks. */
  readonly directory: string;
  /** What tells its process from others of the same name. */
  readonly process: string;
}

/** Blocks of lost hosts are looked after so often. */
const SWEEP_MS = 5000;
/** So many processes that others took the place of are known. */
const MOST_REPLACED = 10_000;

/** The driver's side of receivers on other hosts. */
export class ReceiverHosts {
  readonly #parts: ReceiverHostsParts;
  readonly #hosts = new Map<string, AttachedHost>();
  readonly #lost = new Set<AttachedHost>();
  /** Processes that others of their names took the place of: they do not take it back, or the two would take it from each other for ever. */
  readonly #replaced = new Set<string>();
  readonly #channels = new Set<Channel>();
  readonly #takeBack: () => void;
  /** Each takes the gauge of a host back. */
  readonly #gauges = new Map<AttachedHost, () => void>();
  #server: Server | undefined;
  #sweep: Timer | undefined;

  /** @throws StreamjobError CONFIG_INVALID */
  constructor(parts: ReceiverHostsParts) {
    this.#parts = parts;
    requireSecurity(parts.host, parts.security, 'receiversAt');
    const help = 'hosts that receive for this job now';
    this.#takeBack = parts.telemetry.gauge('receiver_hosts', { help }, () => this.#hosts.size);
  }

  /** Begins to listen. @throws StreamjobError PORT_IN_USE, LISTEN_FAILED */
  async listen(): Promise<void> {
    const { clock, host, log, port, security } = this.#parts;
    const server = serverFor(security, (socket) => this.#onSocket(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(listenError(error, `${host}:${port}`, 'the driver, for receivers on other hosts,')),
      );
      server.listen({ host, port }, resolve);
    });
    server.on('error', (error) => log.warn({ err: error }, `receivers on other hosts: ${messageOf(error)}`));
    this.#server = server;
    this.#sweep = clock.after(SWEEP_MS, () => void this.#onSweep());
    log.info({ ...this.address }, `waits for receivers on ${host}:${this.address.port}`);
  }

  /** Where it listens. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server?.address();
    const { host, port } = this.#parts;
    return { host, port: typeof address === 'object' && address !== null ? address.port : port };
  }

  /** The names of the hosts that are attached. */
  get names(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  /** Lets all of them go; what they have offered has been settled before. */
  async close(): Promise<void> {
    this.#takeBack();
    this.#sweep?.cancel();
    this.#sweep = undefined;
    await Promise.all([...this.#channels].map((channel) => channel.end('the job has ended')));
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #onSocket(socket: Socket): void {
    let attached: AttachedHost | undefined;
    const channel = new Channel({
      socket,
      clock: this.#parts.clock,
      onMessage: async (message) => {
        if (attached !== undefined) return await this.#take(attached, message as FromHost);
        if (message.type !== 'attach') throw new Error('it has not said who it is');
        const { answer, host } = await this.#attach(message as Attach, channel);
        attached = host;
        return answer;
      },
      onClose: (reason) => {
        this.#channels.delete(channel);
        if (attached !== undefined) this.#onLost(attached, reason);
      },
    });
    this.#channels.add(channel);
  }

  async #attach(
    { directory, inputs, name, process, version }: Attach,
    channel: Channel,
  ): Promise<{ readonly answer: Attached; readonly host?: AttachedHost }> {
    const { log, receivers, root } = this.#parts;
    const refuse = (refused: string, forGood: boolean): { readonly answer: Attached } => {
      log.warn({ host: name, peer: channel.remote }, `the receiver ${name} was refused: ${refused}`);
      return { answer: { refused, forGood, paused: [] } };
    };
    if (version !== PROTOCOL_VERSION) return refuse(`the driver speaks version ${PROTOCOL_VERSION}`, true);
    if (inputs.join('\n') !== this.#parts.inputs.join('\n')) {
      return refuse(
        `its job has other inputs (${inputs.join(', ')}) than the driver's (${this.#parts.inputs.join(', ')})`,
        true,
      );
    }
    if (this.#replaced.has(process)) {
      return refuse(`another receiver of the name ${name} has taken its place: give each host a name of its own`, true);
    }
    const blocks = absolutePlace(placeIn(root, directory));
    if (!isBelow(root, blocks)) return refuse(`${directory} is not below the storage`, true);
    const isSeen = await storageOf(root)
      .hasDirectory(blocks)
      .catch(() => false);
    if (!isSeen) return refuse(`the driver does not see ${blocks}: both must have the same storage`, false);
    // Who has gone meanwhile is told nothing, and nobody would notice a second time that it is gone.
    if (!this.#channels.has(channel)) return refuse('the connection was closed meanwhile', false);
    const before = this.#hosts.get(name);
    if (before !== undefined && before.process !== process) this.#replace(before);
    before?.channel.close(`another receiver of the name ${name} has taken its place, from ${channel.remote}`);
    const host: AttachedHost = { name, channel, process, directory: blocks };
    const open = (): number => [...receivers.values()].reduce((sum, receiver) => sum + receiver.openOf(host), 0);
    const labels = { host: name, peer: channel.remote, directory };
    const help = 'deliveries of a host that are not settled';
    this.#gauges.set(host, this.#parts.telemetry.gauge('receiver_host_deliveries', { help, labels }, open));
    this.#hosts.set(name, host);
    for (const receiver of receivers.values()) receiver.join(host);
    log.info({ host: name, peer: channel.remote }, `the receiver ${name} is attached, from ${channel.remote}`);
    void this.#removeOlder(host);
    const paused = [...receivers].filter(([, { isPaused }]) => isPaused).map(([input]) => input);
    return { answer: { paused }, host };
  }

  #take(host: AttachedHost, message: Message & FromHost): unknown {
    const receiver = this.#parts.receivers.get(message.input);
    if (receiver === undefined) throw new Error(`there is no input ${message.input}`);
    return receiver.take(host, message);
  }

  #replace({ process }: AttachedHost): void {
    this.#replaced.add(process);
    for (const oldest of this.#replaced) {
      if (this.#replaced.size <= MOST_REPLACED) return;
      this.#replaced.delete(oldest);
    }
  }

  #onLost(host: AttachedHost, reason: string): void {
    const { log, receivers } = this.#parts;
    if (this.#hosts.get(host.name) === host) this.#hosts.delete(host.name);
    this.#gauges.get(host)?.();
    this.#gauges.delete(host);
    this.#lost.add(host);
    log.warn({ host: host.name }, `the receiver ${host.name} is lost: ${reason}`);
    for (const receiver of receivers.values()) {
      receiver.leave(host).catch((error: unknown) => log.warn({ err: error }, messageOf(error)));
    }
  }

  async #onSweep(): Promise<void> {
    const { clock, receivers } = this.#parts;
    for (const receiver of receivers.values()) receiver.tellLimit();
    for (const host of this.#lost) {
      if ([...receivers.values()].some((receiver) => receiver.openOf(host) > 0)) continue;
      this.#lost.delete(host);
      await this.#remove(host.directory);
    }
    if (this.#sweep !== undefined) this.#sweep = clock.after(SWEEP_MS, () => void this.#onSweep());
  }

  /** What the host left behind when it, or a driver before this one, was killed: no batch of this driver holds it. */
  async #removeOlder({ directory, name }: AttachedHost): Promise<void> {
    const held = new Set([...this.#lost].filter((lost) => lost.name === name).map((lost) => lost.directory));
    const above = directoryOf(directory);
    const all = await storageOf(above)
      .directories(above)
      .catch(() => []);
    for (const each of all) {
      const other = placeIn(above, each);
      if (other !== directory && !held.has(other)) await this.#remove(other);
    }
  }

  async #remove(directory: string): Promise<void> {
    await storageOf(directory)
      .removeAll(directory)
      .catch((error: unknown) => {
        this.#parts.log.warn({ err: error }, `${directory} cannot be removed: ${messageOf(error)}`);
      });
  }
}
