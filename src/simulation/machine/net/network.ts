/**
 * The network between simulated hosts: who listens where, how connections are made, how good the ways are, and what goes wrong:
 * partitions, connections that are cut, hosts that lose their power and say nothing.
 */
import type { Random } from '../random.ts';
import type { Owner, Scheduler } from '../scheduler.ts';
import { Endpoint, type EndpointNetwork, type NetHost, type NetProcess, type SocketAddress } from './endpoint.ts';
import { type Listener, Listeners } from './listeners.ts';
import { type LinkQuality, Wire } from './wire.ts';

/** What the sides of a connection that is cut are told. */
export type CutKind =
  /** Both sides get a reset. */
  | 'reset'
  /** Both sides see the other one's end, wherever that comes in what was sent. */
  | 'end'
  /** Nobody is told, as when a firewall forgets it: nothing arrives any more, until one side finds out by itself. */
  | 'silent';

const USUAL: LinkQuality = { delay: [0.1, 1], bytesPerMs: 100_000, late: { chance: 0.01, ms: 50 } };
const WITHIN_HOST: LinkQuality = { delay: [0.01, 0.05], bytesPerMs: 1_000_000, late: { chance: 0, ms: 0 } };
/** Linux asks for a connection at these times, in ms, and gives up at the last one. */
const CONNECT_AT_MS = [0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 127_000] as const;
/** After so long Linux gives up to send something again, in ms. */
const RETRANSMIT_MS = 924_600;
/** The longest time between two attempts to send something again, in ms. */
const LONGEST_PAUSE_MS = 120_000;
/** How long after the first question whether somebody is there he is given up: ten questions, one a second (libuv). */
const PROBES_MS = 10_000;

/** The network. */
export class SimNetwork implements EndpointNetwork {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** What belongs to nobody: packets on their way. */
  readonly #owner: Owner;
  readonly #hosts = new Map<string, NetHost>();
  readonly listeners: Listeners = new Listeners();
  readonly #endpoints = new Set<Endpoint>();
  readonly #qualities = new Map<string, LinkQuality>();
  /** Since when nothing comes from one host to another, in ms of simulated time. */
  readonly #blocked = new Map<string, number>();
  /** How the ways between hosts are that nobody said otherwise of. */
  quality: LinkQuality = USUAL;

  /** @param id no process has it */
  constructor(scheduler: Scheduler, random: Random, id: number) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#owner = { id, name: 'network', state: 'running', hold() {} };
  }

  add(host: NetHost): void {
    this.#hosts.set(host.name, host);
  }

  /** The host of a name or an address, as one of its processes means it. */
  find(name: string, from: NetHost): NetHost | undefined {
    if (name === 'localhost' || name.startsWith('127.') || name === '::1' || name === '0.0.0.0') return from;
    return this.#hosts.get(name) ?? [...this.#hosts.values()].find(({ address }) => address === name);
  }

  /** How good the way from one host to another is. */
  setQuality(from: NetHost, to: NetHost, quality: Partial<LinkQuality>): void {
    this.#qualities.set(way(from, to), { ...this.quality, ...quality });
  }

  /** Nothing comes from one host to another any more, nor back unless `oneWay`: what is sent is held until `heal`. */
  partition(from: NetHost, to: NetHost, oneWay = false): void {
    for (const key of oneWay ? [way(from, to)] : [way(from, to), way(to, from)]) {
      if (!this.#blocked.has(key)) this.#blocked.set(key, this.#scheduler.now);
    }
    this.#scheduler.trace.add(this.#scheduler.now, 'partition', from.name, to.name);
    this.#watchSilent((a, b) => !this.isOpen(a, b) || !this.isOpen(b, a));
  }

  /** Ends all partitions, or those between two hosts: what was held comes when it is sent again. */
  heal(one?: NetHost, other?: NetHost): void {
    this.#scheduler.trace.add(this.#scheduler.now, 'heal', one?.name ?? '', other?.name ?? '');
    let longest = 0;
    for (const [key, since] of [...this.#blocked]) {
      if (one !== undefined && other !== undefined && key !== way(one, other) && key !== way(other, one)) continue;
      this.#blocked.delete(key);
      longest = Math.max(longest, this.#scheduler.now - since);
    }
    for (const endpoint of this.#endpoints) {
      this.#later(this.#untilSentAgain(longest), endpoint.process.name, 'again', () => endpoint.release());
    }
  }

  /** Cuts the connections between two hosts, wherever the bytes on them are. @returns how many there were */
  cut(one: NetHost, other: NetHost, kind: CutKind): number {
    let count = 0;
    for (const endpoint of this.#endpoints) {
      const { peer } = endpoint;
      if (peer === undefined) continue;
      const [here, there] = [endpoint.process.host, peer.process.host];
      if (!((here === one && there === other) || (here === other && there === one))) continue;
      count++;
      // From now on: what is under way does not arrive.
      endpoint.cuts++;
      if (kind !== 'silent') this.#later(0, endpoint.process.name, `cut ${kind}`, () => endpoint.cut(kind));
      else {
        endpoint.isLost = true;
        this.#watch(endpoint, peer);
      }
    }
    return count / 2;
  }

  /** How many ends of connections the processes of a host hold. */
  connections(host: NetHost): number {
    return [...this.#endpoints].filter(({ process, state }) => process.host === host && state === 'open').length;
  }

  /** A host has lost its power: who is connected to it hears nothing more. */
  hostLost(host: NetHost): void {
    this.listeners.hostLost(host);
    this.#watchSilent((a, b) => a === host || b === host);
  }

  /** A host has power again: what is still sent to it on old connections is answered with resets. */
  hostBack(host: NetHost, outageMs: number): void {
    for (const endpoint of [...this.#endpoints]) {
      const { peer } = endpoint;
      // Nobody is left at either end.
      if (endpoint.state === 'gone' && peer?.state !== 'open') this.#endpoints.delete(endpoint);
      if (peer?.process.host !== host || peer.state !== 'gone' || !endpoint.waitsForPeer) continue;
      this.#later(this.#untilSentAgain(outageMs), endpoint.process.name, 'again', () => this.#unknownThere(endpoint));
    }
  }

  isOpen(from: NetHost, to: NetHost): boolean {
    return from === to || !this.#blocked.has(way(from, to));
  }

  soonIn(process: NetProcess, kind: string, run: () => void): void {
    this.#later(this.#random.between(0.02, 0.2), process.name, kind, () => this.#scheduler.enter(process, kind, run));
  }

  closed(endpoint: Endpoint): void {
    // It stays known while the other end may still send to it: that is answered.
    if (endpoint.peer === undefined || endpoint.peer.state !== 'open') {
      this.#endpoints.delete(endpoint);
      if (endpoint.peer !== undefined) this.#endpoints.delete(endpoint.peer);
    }
  }

  /**
   * Asks a host for a connection, as often as Linux does.
   * @param told called with the code of the error, within the process; or with its end, in no process, so that it must only keep that
   * @returns gives it up
   */
  connect(
    process: NetProcess,
    to: NetHost,
    { address, port = 0 }: SocketAddress,
    told: (outcome: Endpoint | 'ECONNREFUSED' | 'ETIMEDOUT') => void,
  ): () => void {
    let over = false;
    const local = {
      address: to === process.host ? address : process.host.address,
      port: this.listeners.ownPort(process.host),
    };
    const answer = (outcome: Endpoint | 'ECONNREFUSED' | 'ETIMEDOUT', ms: number): void => {
      over = true;
      this.#later(ms, process.name, 'connect', () => this.#scheduler.enter(process, 'connect', () => told(outcome)));
    };
    const ask = (attempt: number): void => {
      if (over || !process.alive) return;
      const pause = (CONNECT_AT_MS[attempt + 1] ?? 0) - (CONNECT_AT_MS[attempt] ?? 0);
      if (attempt === CONNECT_AT_MS.length - 1) return answer('ETIMEDOUT', 0);
      this.#later(pause, process.name, 'ask', () => ask(attempt + 1));
      const delay = (): number => this.#random.between(...this.#qualityOf(process.host, to).delay);
      this.#later(delay(), to.name, 'asked', () => {
        if (over || !process.alive || !to.up || !this.isOpen(process.host, to) || !this.isOpen(to, process.host))
          return;
        const listener = this.listeners.at(to, address, port);
        if (listener === undefined) return answer('ECONNREFUSED', delay());
        over = true;
        this.#join(process, listener, local, { address, port }, told);
      });
    };
    ask(0);
    return () => {
      over = true;
    };
  }

  /** Makes a connection by a Unix socket: within a host, with nothing in between. */
  connectLocally(process: NetProcess, listener: Listener, path: string, told: (endpoint: Endpoint) => void): void {
    this.#later(0.02, process.name, 'asked', () => {
      if (process.alive) this.#join(process, listener, { address: '' }, { address: path }, told);
    });
  }

  /** The other side's kernel takes the connection; both processes are told, each in an event of its own. */
  #join(
    process: NetProcess,
    listener: Listener,
    local: SocketAddress,
    remote: SocketAddress,
    told: (endpoint: Endpoint) => void,
  ): void {
    const here = new Endpoint(process, local, remote, this);
    const there = new Endpoint(listener.process, remote, local, this);
    here.join(there, this.#wire(here, there));
    there.join(here, this.#wire(there, here));
    this.#endpoints.add(here).add(there);
    // Who asked has his end from the beginning: 'accepted' is the first that arrives at it.
    told(here);
    there.accepted();
    this.#scheduler.enter(listener.process, 'accept', () => listener.accept(there));
  }

  #wire(from: Endpoint, to: Endpoint): Wire {
    const random = this.#random;
    const [here, there] = [from.process.host, to.process.host];
    const name = `${from.process.name}>${to.process.name}`;
    return new Wire({
      random,
      quality: () => this.#qualityOf(here, there),
      now: () => this.#scheduler.now,
      send: (ms, arrival) => {
        const { cuts } = to;
        const size = arrival.kind === 'bytes' ? ` ${arrival.bytes.length}` : '';
        this.#later(ms, name, `${arrival.kind}${size}`, () => to.arrive(arrival, cuts));
      },
    });
  }

  #qualityOf(from: NetHost, to: NetHost): LinkQuality {
    return from === to ? WITHIN_HOST : (this.#qualities.get(way(from, to)) ?? this.quality);
  }

  /** Who hears nothing of the other side any more gives it up at some time. */
  #watchSilent(concerns: (one: NetHost, other: NetHost) => boolean): void {
    for (const endpoint of this.#endpoints) {
      const { peer } = endpoint;
      if (peer === undefined || endpoint.state !== 'open') continue;
      if (concerns(endpoint.process.host, peer.process.host)) this.#watch(endpoint, peer);
    }
  }

  #watch(endpoint: Endpoint, peer: Endpoint): void {
    const { heardAt, keepAliveMs } = endpoint;
    const begun = this.#scheduler.now;
    const look = (ms: number, always: boolean): void =>
      this.#later(ms, endpoint.process.name, 'silent', () => {
        // It has spoken since.
        if (endpoint.heardAt !== heardAt) return;
        const silent =
          endpoint.isLost || !peer.process.host.up || !this.#bothOpen(endpoint.process.host, peer.process.host);
        if (!silent) return peer.state === 'gone' ? this.#unknownThere(endpoint) : undefined;
        // What was sent and not answered is sent again for long; nobody asks meanwhile.
        if (always || !endpoint.waitsForPeer) endpoint.timeOut();
      });
    if (keepAliveMs !== undefined) look(Math.max(0, heardAt + keepAliveMs - begun) + PROBES_MS, false);
    look(RETRANSMIT_MS, true);
  }

  #bothOpen(one: NetHost, other: NetHost): boolean {
    return this.isOpen(one, other) && this.isOpen(other, one);
  }

  #unknownThere(endpoint: Endpoint): void {
    if (endpoint.state === 'open') endpoint.cut('reset');
  }

  #untilSentAgain(outageMs: number): number {
    return this.#random.between(0.2, Math.min(Math.max(1, outageMs), LONGEST_PAUSE_MS));
  }

  #later(ms: number, who: string, kind: string, run: () => void): void {
    this.#scheduler.after(ms, this.#owner, kind, who, run);
  }
}

function way(from: NetHost, to: NetHost): string {
  return `${from.name}>${to.name}`;
}
