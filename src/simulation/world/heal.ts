/** The end of all faults that hosts have: from then on everything works. */
import type { Host } from '../machine/host.ts';
import type { Users } from './faults.ts';

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
