/**
 * The full name of this machine as Java's InetAddress.getLocalHost().getCanonicalHostName() has it: what the name server (or the hosts
 * file) gives for the address of the system's name, if that name leads back to the address; else the address.
 */
import dns from 'node:dns/promises';
import type { Clock } from '../../../core/clock.ts';

/** What looks names up. */
export interface Names {
  /** The addresses of a name, IPv4 first. */
  addresses(name: string): Promise<readonly string[]>;
  /** The name of an address. */
  name(address: string): Promise<string>;
}

/** By the system's resolver. */
export const systemNames: Names = {
  addresses: async (name) => (await dns.lookup(name, { all: true, verbatim: false })).map(({ address }) => address),
  name: async (address) => (await dns.lookupService(address, 0)).hostname,
};

/**
 * Looks the name up.
 * @param system the system's name
 * @returns undefined when the system's name has no address
 */
export async function fullName(system: string, names: Names): Promise<string | undefined> {
  const [address] = await names.addresses(system).catch(() => []);
  if (address === undefined) return undefined;
  try {
    const name = await names.name(address);
    return (await names.addresses(name)).includes(address) ? name : address;
  } catch {
    return address;
  }
}

/**
 * What a promise comes to, or that it did not within a time: a name server that is silent can take minutes.
 * @param ms how long it is waited for, in ms
 */
export function within<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve('late'));
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
