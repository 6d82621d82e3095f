/** Calls that several hosts share: in turn or at random, and by another host when one fails. Source: LoadBalancingRpcClient of Flume 1.11. */
import { StreamjobError } from '../../core/errors.ts';
import { type TurnOptions, Turns } from '../component/turns.ts';
import type { Call, Calls } from './failover.ts';

/** Calls to several hosts. */
export class BalancedCalls implements Calls {
  readonly #hosts: readonly Calls[];
  readonly #turns: Turns<Calls>;

  /** @param hosts each of one host */
  constructor(hosts: readonly Calls[], options: TurnOptions) {
    this.#hosts = hosts;
    this.#turns = new Turns(hosts, options);
  }

  /** One connection is enough: the others are made when they are needed. */
  async connect(): Promise<void> {
    await this.#try((host) => host.connect());
  }

  async call(call: Call): Promise<void> {
    await this.#try((host) => host.call(call));
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()));
  }

  async #try(use: (host: Calls) => Promise<void>): Promise<void> {
    let failure: unknown;
    for (const host of this.#turns.order()) {
      try {
        return await use(host);
      } catch (error) {
        failure = error;
        this.#turns.failed(host);
      }
    }
    throw (
      failure ??
      new StreamjobError('CONNECT_FAILED', 'all hosts have failed and are left out for a while', {
        hint: 'try again later; maxBackoff says how long a host is left out at most',
      })
    );
  }
}
