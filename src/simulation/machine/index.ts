/**
 * A machine for deterministic simulation, as FoundationDB's and TigerBeetle's: hosts with disks, clocks and a network in one Node
 * process, in simulated time, from one seed. It takes the place of src/core/machine.ts, so that the code of src/ runs on it as it is.
 * Two runs with one seed do the same, event by event, and have the same `traceHash()`.
 *
 *   const simulation = new Simulation({ seed: 42 });
 *   const a = simulation.host('a');                         // made when it is asked for first; options: clock, capacity
 *   const b = simulation.host('b', { clockAheadMs: 5000, clockRate: 1.0001 });
 *   a.disk.put('/etc/agent.conf', '…');                     // a file that was always there
 *   const agent = a.spawn('agent');                         // a process; code runs in it by `run`
 *   await simulation.play(async () => {                     // a script of the world; everything else runs meanwhile
 *     await agent.run(() => startAgent('/etc/agent.conf')); // never settles when the process is killed first
 *     await simulation.sleep(10_000);                       // simulated ms
 *     agent.kill();                                         // kill -9: what was written stays, sockets end
 *     b.cutPower(); b.powerOn();                            // what was not synced is lost as the seed says, nobody is told
 *     a.spawn('agent');                                     // a restart is another process on the same disk
 *   }, 60_000);                                             // fails when it takes longer than that
 *   await simulation.runFor(5000); await simulation.runUntil(() => done, 60_000);
 *
 * Rules for who builds a world on it:
 * - Code of src/ belongs into `process.run(…)`. What the world itself calls runs in the process `simulation.world`; a function or
 *   object of a process (a socket, a client) is to be used within that process only.
 * - The world waits by `simulation.sleep`, and draws from `simulation.random.fork(name)`; never from real timers or Math.random.
 * - What happens in real time is not simulated: zlib's and crypto's asynchronous calls, dns, worker threads, child processes,
 *   `import()`, and lmdb where it keeps states; a file channel's database is simulated (disk/database.ts). Load modules before the simulation begins. A run fails on such a call (`findRealCalls`).
 * - An error that nobody catches in a process kills it, as Node does, and `run…` and `play` reject with it; with `onCrash` they go on.
 *
 * What can go wrong:
 * - process: `kill`, `pause` and `resume` (SIGSTOP, SIGCONT; also for slow hosts and long collections of garbage). At a point of
 *   src/core/points.ts: subscribe to `streamjob:point`, and kill `simulation.running` there, or cut the power of its host.
 * - host: `cutPower`, `powerOn`, `clock.jump(ms)`, `clock.rate`.
 * - disk: `faults.eio` by kind of call, `faults.slow`, `faults.ignoresSync`, `fail({ call, code, after, times, path })`, `capacity`,
 *   `times`, `flipBits(path, count)`, `heal()`.
 * - network: `partition(a, b, oneWay)` and `heal`, `cut(a, b, 'reset' | 'end' | 'silent')`, `quality` and `setQuality(a, b, …)`: delay,
 *   bytes per ms (a slow peer), late pieces. There is no TLS.
 *
 * Time: computing takes none. A timer fires to the ms of its host's clock, a turn of the loop takes 5 to 50 microseconds, calls of the
 * disk and pieces on the network take what `times` and `quality` say.
 */
export type { SimClock } from './clock.ts';
export type { SimDisk } from './disk/disk.ts';
export type { DiskCall, DiskFaults, DiskTimes, PlannedFault } from './disk/faults.ts';
export type { Host, HostOptions, HostProcess } from './host.ts';
export type { CutKind, SimNetwork } from './net/network.ts';
export type { LinkQuality } from './net/wire.ts';
export { Random } from './random.ts';
export { Simulation, type SimulationOptions } from './simulation.ts';
