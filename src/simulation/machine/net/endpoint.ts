/**
 * One end of a connection, in the kernel of its host: what has arrived and was not read, and the wire to the other end. It knows TCP's
 * rules for ends: who closes with something unread, or gets something after it has closed, answers with a reset.
 */
import { networkError, type SystemCode } from '../errors.ts';
import type { SimProcess } from '../process.ts';
import type { Arrival, Wire } from './wire.ts';

/** A host as the network knows it. */
export interface NetHost {
  readonly name: string;
  readonly address: string;
  /** Whether it has power. */
  readonly up: boolean;
}

/** A process as the network knows it. */
export type NetProcess = SimProcess & { readonly host: NetHost };

/** An address with its port; the path of a Unix socket has none. */
export interface SocketAddress {
  readonly address: string;
  readonly port?: number | undefined;
}

/** Who uses an end of a connection: a socket. All are called within its process. */
export interface EndpointUser {
  /** Something has arrived. */
  readable(): void;
  /** There is room to write again. */
  room(): void;
  /** Nothing was heard of the other side for too long. */
  lost(error: Error): void;
}

/** What an end needs of the network. */
export interface EndpointNetwork {
  /** Whether what `from` sends comes to `to`. */
  isOpen(from: NetHost, to: NetHost): boolean;
  /** Runs something within a process, some time later. */
  soonIn(process: NetProcess, kind: string, run: () => void): void;
  /** Its process has closed it. */
  closed(endpoint: Endpoint): void;
}

/** What Node reads of a socket at a time, in bytes. */
const MOST_READ_BYTES = 64 * 1024;

/** One end of a connection. */
export class Endpoint {
  readonly process: NetProcess;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #network: EndpointNetwork;
  #peer: Endpoint | undefined;
  #wire: Wire | undefined;
  #user: EndpointUser | undefined;
  /** Closed: by its process, which reads and writes no more. Gone: its host lost its power and knows nothing of it. */
  #state: 'open' | 'closed' | 'gone' = 'open';
  #arrived: Arrival[] = [];
  /** What waits for the end of a partition. */
  held: Arrival[] = [];
  readonly #stopWatching: () => void;
  /** Whether its process has ended its direction, and the other side its own. */
  #ended = false;
  #peerEnded = false;
  #broken = false;
  #waitsForRoom = false;
  /** After how long a silence the other side is asked whether it is there, in ms; undefined: never. */
  keepAliveMs: number | undefined;
  /** When something came from the other side last, in ms of simulated time. */
  heardAt: number;
  /** Counts up when the connection is cut: what was under way then does not arrive. */
  cuts = 0;
  /** Cut for good, and nobody was told: nothing that is sent arrives. */
  isLost = false;

  constructor(process: NetProcess, local: SocketAddress, remote: SocketAddress, network: EndpointNetwork) {
    this.process = process;
    this.local = local;
    this.remote = remote;
    this.#network = network;
    this.heardAt = process.scheduler.now;
    this.#stopWatching = process.onEnd((end) => {
      if (end === 'power') this.#state = 'gone';
      else this.close();
    });
  }

  /** Joins it with the other end. @param wire the way to it */
  join(peer: Endpoint, wire: Wire): void {
    this.#peer = peer;
    this.#wire = wire;
  }

  set user(user: EndpointUser) {
    this.#user = user;
  }

  get peer(): Endpoint | undefined {
    return this.#peer;
  }

  get state(): 'open' | 'closed' | 'gone' {
    return this.#state;
  }

  /** Whether something that was sent has not come to the other side's kernel. */
  get waitsForPeer(): boolean {
    return (this.#wire?.underWay ?? 0) > 0;
  }

  get hasArrivals(): boolean {
    return this.#arrived.length > 0;
  }

  /** Its kernel tells the other side that it has taken the connection. */
  accepted(): void {
    this.#wire?.tell('accepted');
  }

  /** Something came to the host. @param cuts how often the connection had been cut when it was sent */
  arrive(arrival: Arrival, cuts: number): void {
    if (cuts !== this.cuts || this.isLost) return;
    const from = this.#peer;
    if (from !== undefined && (this.held.length > 0 || !this.#network.isOpen(from.process.host, this.process.host))) {
      this.held.push(arrival);
      return;
    }
    this.#deliver(arrival);
  }

  /** A partition has ended: what waited for that arrives, unless the connection was forgotten meanwhile. */
  release(): void {
    if (this.isLost) this.held = [];
    const from = this.#peer;
    if (from !== undefined && !this.#network.isOpen(from.process.host, this.process.host)) return;
    for (const arrival of this.held.splice(0)) this.#deliver(arrival);
    if (this.#waitsForRoom) this.#tellRoom();
  }

  /** The kernel gets it from the network itself, whatever was under way: the connection was cut. */
  cut(kind: 'end' | 'reset'): void {
    this.held = [];
    if (this.#state === 'open') this.#take({ kind });
  }

  /** Takes what has arrived, or the first part of it. */
  take(): Arrival | undefined {
    const first = this.#arrived[0];
    if (first?.kind !== 'bytes') return this.#arrived.shift();
    const parts: Buffer[] = [];
    let length = 0;
    for (let next: Arrival | undefined = first; next?.kind === 'bytes'; next = this.#arrived[0]) {
      if (length > 0 && length + next.bytes.length > MOST_READ_BYTES) break;
      parts.push(next.bytes);
      length += next.bytes.length;
      this.#arrived.shift();
    }
    this.#peer?.wasRead(length);
    return { kind: 'bytes', bytes: parts.length === 1 ? first.bytes : Buffer.concat(parts, length) };
  }

  /** @returns why it cannot be written, if it cannot */
  write(bytes: Uint8Array): Error | undefined {
    if (this.#broken || this.#state !== 'open') return networkError(this.#writeFailure(), 'write');
    this.#wire?.write(bytes);
    return undefined;
  }

  /** Whether the writer may go on; if not, its `room` is called later. */
  get hasRoom(): boolean {
    const has = this.#wire?.hasRoom !== false;
    this.#waitsForRoom = !has;
    return has;
  }

  /** Ends the direction to the other side. */
  end(): void {
    if (this.#ended || this.#broken || this.#state !== 'open') return;
    this.#ended = true;
    this.#wire?.tell('end');
  }

  /** Its process closes it, or has ended. */
  close(): void {
    if (this.#state !== 'open') return;
    const unread = this.#arrived.some(({ kind }) => kind === 'bytes');
    if (unread) this.#reset();
    else this.end();
    this.#forget();
  }

  /** Its process breaks it off. */
  breakOff(): void {
    if (this.#state !== 'open') return;
    this.#reset();
    this.#forget();
  }

  /** Nothing was heard of the other side for too long. Only as the last thing of an event. */
  timeOut(): void {
    if (this.#state !== 'open' || this.#broken) return;
    this.#broken = true;
    this.process.scheduler.enter(this.process, 'lost', () => this.#user?.lost(networkError('ETIMEDOUT', 'read')));
  }

  /** The other side has read something. */
  wasRead(bytes: number): void {
    this.#wire?.read(bytes);
    const peer = this.#peer;
    if (!this.#waitsForRoom || this.#wire?.hasRoom !== true || peer === undefined) return;
    // It is told with the first packet that gets through.
    if (this.#network.isOpen(peer.process.host, this.process.host)) this.#tellRoom();
  }

  #tellRoom(): void {
    if (this.#wire?.hasRoom !== true) return;
    this.#waitsForRoom = false;
    this.#network.soonIn(this.process, 'room', () => this.#user?.room());
  }

  #deliver(arrival: Arrival): void {
    const peer = this.#peer;
    const { host } = this.process;
    if (!host.up) return;
    if (peer !== undefined && peer.#wire !== undefined) peer.#wire.underWay--;
    // Nobody knows of it here any more.
    if (this.#state === 'gone' || (this.#state === 'closed' && arrival.kind === 'bytes')) {
      if (arrival.kind !== 'reset') this.#wire?.tell('reset');
    } else if (this.#state === 'open') this.#take(arrival);
  }

  #take(arrival: Arrival): void {
    this.heardAt = this.process.scheduler.now;
    if (this.#broken) return;
    if (arrival.kind === 'reset') this.#broken = true;
    if (arrival.kind === 'end') this.#peerEnded = true;
    this.#arrived.push(arrival);
    this.process.scheduler.enter(this.process, arrival.kind, () => this.#user?.readable());
  }

  #reset(): void {
    if (!this.#broken) this.#wire?.tell('reset');
  }

  #forget(): void {
    this.#state = 'closed';
    this.#arrived = [];
    this.#stopWatching();
    this.#network.closed(this);
  }

  #writeFailure(): SystemCode {
    return this.#peerEnded || this.#state !== 'open' ? 'EPIPE' : 'ECONNRESET';
  }
}
