/** The end of all faults that hosts have: from then on everything works. */
import type { Host } from '../machine/host.ts';
import type { Users } from './faults.ts';

/**
 * After so long the world must be well, in ms. The longest wait is the kernel's: a poll that was sent into a connection which a firewall
 * has forgotten is sent again for 924 s (Linux, tcp_retries2) before the connection is given up.
 */
export const RECOVERY_MS: number = 30 * 60_000;
/** In so long a graceful stop must have ended then, in ms. */
export const STOP_MS = 120_000;

/** Heals disks, gives power back, lets processes go on, and users' functions and the database work. */
export function heal(hosts: readonly Host[], users: Users): void {
  users.throws = false;
  users.hangs = false;
  users.databaseIsAway = false;
  for (const host of hosts) {
    host.disk.heal();
    host.powerOn();
    for (const process of host.processes) process.resume();
  }
}
