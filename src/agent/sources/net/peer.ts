/** Who sent something: headers with the address and the name of a peer. */
import { lookupService } from 'node:dns/promises';

const MOST_NAMES = 1000;

/** Headers that tell the peer; a name that is undefined or empty is not set. */
export interface PeerHeaders {
  readonly ip: string | undefined;
  readonly hostname: string | undefined;
}

/** The address as Java writes it: an IPv4 address in an IPv6 one is IPv4. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** Finds out names of peers, and remembers some. */
export class Peers {
  readonly #names: PeerHeaders;
  readonly #known = new Map<string, Promise<string>>();

  constructor(names: PeerHeaders) {
    this.#names = names;
  }

  /** The headers for events of a peer. Its name is its address where it has none. */
  async headersOf(address: string): Promise<Readonly<Record<string, string>>> {
    const { hostname, ip } = this.#names;
    const plain = plainAddress(address);
    const headers: [string, string][] = [];
    if (ip !== undefined) headers.push([ip, plain]);
    if (hostname !== undefined) headers.push([hostname, await this.#nameOf(plain)]);
    return Object.fromEntries(headers);
  }

  #nameOf(address: string): Promise<string> {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const name = lookupService(address, 0).then(
      ({ hostname }) => hostname,
      () => address,
    );
    this.#known.set(address, name);
    // The one that was asked for first is forgotten first.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST_NAMES) break;
      this.#known.delete(oldest);
    }
    return name;
  }
}
