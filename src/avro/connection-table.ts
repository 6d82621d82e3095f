/**
 * Which connections a server has room for: so many in all, so many of one address, and so many that the process keeps file
 * descriptors for its own files. Where there is no room for a new one, the connection that has been quiet longest goes, those
 * that have not finished their handshake first. One that has a request open or half a request never goes: then the new one is
 * refused. Flume's clients connect anew after a quiet connection was closed, and notice nothing else.
 */
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import { freeDescriptors } from './descriptors.ts';

/** A connection as the table sees it. */
export interface TableConnection {
  readonly address: string;
  readonly remote: string;
  /** Whether its handshake is through. */
  readonly connected: boolean;
  /** Since when it has been quiet, in ms of the clock; undefined: something is under way. */
  readonly quietSince: number | undefined;
  /** Ends it without a line in the log. */
  drop(): void;
}

/** What a table holds to. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** For tests; by default those of the process. */
  readonly freeDescriptors?: (() => number) | undefined;
}

/** Descriptors that stay free for the files of channels, checkpoints and outputs, and for other servers. */
const KEPT_FREE = 32;
/** Counting descriptors reads a directory: so many connections are taken between two counts when there are plenty. */
const COUNT_EVERY = 8;
/** Between two lines of the log about connections without room, in ms. */
const TELL_EVERY_MS = 10_000;

/** Which connections a server has room for. */
export class ConnectionTable<C extends TableConnection> {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #all = new Set<C>();
  readonly #byAddress = new Map<string, Set<C>>();
  #uncounted = 0;
  #roomLeft = 0;
  #told = Number.NEGATIVE_INFINITY;
  #dropped = 0;
  #refused = 0;

  constructor(limits: ConnectionLimits, clock: Clock, log: Logger) {
    this.#limits = limits;
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<C> {
    return this.#all.values();
  }

  /** Takes a new connection in, at the cost of a quiet one where there is no room. @returns false: it is refused */
  admit(connection: C): boolean {
    const { address } = connection;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const ofAddress = this.#byAddress.get(address) ?? new Set<C>();
    const why =
      ofAddress.size >= maxConnectionsPerAddress
        ? `${address} has ${maxConnectionsPerAddress} connections already (maxConnectionsPerAddress)`
        : this.#all.size >= maxConnections
          ? `there are ${maxConnections} connections already (maxConnections)`
          : this.#descriptorsAreShort()
            ? `file descriptors are short: ${KEPT_FREE} are kept free (raise ulimit -n)`
            : undefined;
    if (why !== undefined) {
      const quiet = quietest(ofAddress.size >= maxConnectionsPerAddress ? ofAddress : this.#all);
      this.#tell(why, quiet);
      if (quiet === undefined) return false;
      this.remove(quiet);
      quiet.drop();
    }
    this.#all.add(connection);
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? new Set<C>()).add(connection));
    return true;
  }

  /** It is closed. */
  remove(connection: C): void {
    if (!this.#all.delete(connection)) return;
    const ofAddress = this.#byAddress.get(connection.address);
    ofAddress?.delete(connection);
    if (ofAddress?.size === 0) this.#byAddress.delete(connection.address);
  }

  #descriptorsAreShort(): boolean {
    if (this.#uncounted++ < Math.min(COUNT_EVERY, this.#roomLeft)) return false;
    this.#uncounted = 0;
    // The new connection has its own already.
    this.#roomLeft = (this.#limits.freeDescriptors ?? freeDescriptors)() - KEPT_FREE;
    return this.#roomLeft < 0;
  }

  /** A flood of connections must not become a flood of lines. */
  #tell(why: string, quiet: C | undefined): void {
    if (quiet === undefined) this.#refused++;
    else this.#dropped++;
    const now = this.#clock.now();
    if (now - this.#told < TELL_EVERY_MS) return;
    this.#told = now;
    const what =
      quiet === undefined
        ? 'a connection was refused, since none was quiet'
        : `the connection of ${quiet.remote} was closed for a new one, since it was quiet longest`;
    this.#log.warn(
      { reason: why, closed: this.#dropped, refused: this.#refused },
      `${what}: ${why}; ${this.#dropped} closed and ${this.#refused} refused so far`,
    );
  }
}

function quietest<C extends TableConnection>(connections: ReadonlySet<C>): C | undefined {
  let best: C | undefined;
  let since = Number.POSITIVE_INFINITY;
  for (const each of connections) {
    const { quietSince, connected } = each;
    if (quietSince === undefined) continue;
    const before =
      best === undefined || (best.connected && !connected) || (best.connected === connected && quietSince < since);
    if (!before) continue;
    best = each;
    since = quietSince;
  }
  return best;
}
