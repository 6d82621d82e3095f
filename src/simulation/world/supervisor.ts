/** Keeps processes of a simulation up: starts each again whenever it has ended, as systemd does. */
import type { Host, HostProcess } from '../machine/host.ts';
import type { Simulation } from '../machine/simulation.ts';

/** What it waits before it starts a process again, in ms. */
const RESTART_MS = 1000;

/** Keeps processes up until it is stopped. */
export class Supervisor {
  readonly #simulation: Simulation;
  readonly #failed: (process: HostProcess, error: unknown) => void;
  #isOver = false;

  /** @param failed told what a process threw, which is ended then */
  constructor(simulation: Simulation, failed: (process: HostProcess, error: unknown) => void) {
    this.#simulation = simulation;
    this.#failed = failed;
  }

  /** Starts a process on a host, and again after each of its ends. @param main runs in it, and throws when it is to be started anew */
  keepUp(host: Host, name: string, main: () => Promise<void>): void {
    const start = (): void => {
      if (this.#isOver) return;
      if (!host.up) return void this.#simulation.world.after(RESTART_MS, 'supervisor', start);
      const process = host.spawn(name);
      process.onEnd(() => void this.#simulation.world.after(RESTART_MS, 'supervisor', start));
      process.run(main).catch((error: unknown) => {
        this.#failed(process, error);
        process.kill();
      });
    };
    start();
  }

  /** Starts nothing any more. */
  stop(): void {
    this.#isOver = true;
  }
}
