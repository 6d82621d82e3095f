/** Who listens on which ports of which hosts. */
import type { Endpoint, NetHost, NetProcess } from './endpoint.ts';

/** Who takes connections. */
export interface Listener {
  readonly process: NetProcess;
  /** Called within its process, with its end of a new connection. */
  readonly accept: (endpoint: Endpoint) => void;
}

/** Where somebody listens. */
interface Bound {
  readonly listener: Listener;
  /** One of the host's addresses; undefined: all of them. */
  readonly address: string | undefined;
}

const FIRST_OWN_PORT = 32_768;

/** Who listens on which ports of which hosts. */
export class Listeners {
  readonly #bound = new Map<string, Map<number, Bound[]>>();
  readonly #ports = new Map<string, number>();

  /**
   * @param address one of the host's; undefined: all of them
   * @param wanted the port; 0: any that is free
   * @returns the port; undefined when somebody listens there already
   */
  add(listener: Listener, address: string | undefined, wanted: number): number | undefined {
    const { host } = listener.process;
    const ports = this.#bound.get(host.name) ?? new Map<number, Bound[]>();
    this.#bound.set(host.name, ports);
    const port = wanted === 0 ? this.ownPort(host) : wanted;
    const there = ports.get(port) ?? [];
    if (there.some((other) => other.address === undefined || address === undefined || other.address === address)) {
      return undefined;
    }
    ports.set(port, [...there, { listener, address }]);
    return port;
  }

  remove(listener: Listener): void {
    const ports = this.#bound.get(listener.process.host.name) ?? new Map<number, Bound[]>();
    for (const [port, all] of [...ports]) {
      const left = all.filter((bound) => bound.listener !== listener);
      if (left.length === 0) ports.delete(port);
      else ports.set(port, left);
    }
  }

  at(host: NetHost, address: string, port: number): Listener | undefined {
    const own = address.startsWith('127.') ? '127.0.0.1' : address;
    const there = this.#bound.get(host.name)?.get(port) ?? [];
    return there.find((bound) => bound.address === undefined || bound.address === own)?.listener;
  }

  /** A port of the host that was not given before. */
  ownPort(host: NetHost): number {
    const port = this.#ports.get(host.name) ?? FIRST_OWN_PORT;
    this.#ports.set(host.name, port + 1);
    return port;
  }

  hostLost(host: NetHost): void {
    this.#bound.delete(host.name);
  }
}
