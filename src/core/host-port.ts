/** Addresses as people write them: `host:port`, an IPv6 address in brackets. */

/** An address. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MOST_PORT = 65_535;

/**
 * Reads an address.
 * @returns undefined: it is none
 * @example readHostPort('[::1]:41414') // { host: '::1', port: 41414 }
 */
export function readHostPort(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > MOST_PORT ? undefined : { host, port };
}
