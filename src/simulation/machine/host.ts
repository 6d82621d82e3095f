/** A simulated host: a clock, a disk that outlives its processes, an address, and processes that are started, killed and started again. */
import type realFsSync from 'node:fs';
import type realFs from 'node:fs/promises';
import type realNet from 'node:net';
import type { OpenDatabase } from '../../core/database.ts';
import { SimClock } from './clock.ts';
import { openSimulated } from './disk/database.ts';
import { SimDisk } from './disk/disk.ts';
import { simulatedFs } from './disk/promises.ts';
import { simulatedFsSync } from './disk/sync-calls.ts';
import { DiskView } from './disk/view.ts';
import { simulatedNet } from './net/module.ts';
import type { SimNetwork } from './net/network.ts';
import { SimProcess } from './process.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** A process with what it has of its host. */
export class HostProcess extends SimProcess {
  readonly host: Host;
  readonly fs: typeof realFs;
  readonly fsSync: typeof realFsSync;
  readonly net: typeof realNet;
  readonly openDatabase: OpenDatabase;

  constructor(id: number, name: string, random: Random, host: Host, network: SimNetwork) {
    super(id, name, random, host.scheduler);
    this.host = host;
    const view = new DiskView(host.disk, this, host.kernel);
    this.fs = simulatedFs(view);
    this.fsSync = simulatedFsSync(view);
    this.openDatabase = (directory) => openSimulated(view, directory);
    this.net = simulatedNet({ process: this, network, view });
  }
}

/** The kernel of a host from one boot to the next: what was asked of it is done also when the process that asked is gone. */
export type Kernel = SimProcess;

/** What a host is made with. */
export interface HostOptions {
  /** How far its wall clock is ahead at the start, in ms; negative: behind. Default 0. */
  readonly clockAheadMs?: number;
  /** How many ms its clocks count in a true one. Default 1. */
  readonly clockRate?: number;
  /** How many bytes its disk holds. Default: no limit. */
  readonly capacity?: number;
}

/** What hosts share. */
export interface HostParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: SimNetwork;
  /** A number that no other process has. */
  readonly nextId: () => number;
  /** What its wall clock shows when its offset is 0, in ms since the epoch. */
  readonly wallMs: number;
}

/** A host. */
export class Host {
  readonly name: string;
  /** Its IP address. */
  readonly address: string;
  readonly scheduler: Scheduler;
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly #random: Random;
  readonly #nextId: () => number;
  readonly #network: SimNetwork;
  #kernel: Kernel;
  #boots = 0;
  #lostAt = 0;
  #processes: HostProcess[] = [];

  constructor(name: string, address: string, parts: HostParts, options: HostOptions = {}) {
    const { scheduler, random, network, nextId, wallMs } = parts;
    this.name = name;
    this.address = address;
    this.scheduler = scheduler;
    this.#random = random;
    this.#nextId = nextId;
    this.#network = network;
    this.clock = new SimClock(() => scheduler.now, wallMs + (options.clockAheadMs ?? 0), options.clockRate ?? 1);
    this.disk = new SimDisk(random.fork('disk'), () => this.clock.exactWallMs());
    if (options.capacity !== undefined) this.disk.capacity = options.capacity;
    this.#kernel = this.#boot();
    network.add(this);
  }

  /** Whether it has power. */
  get up(): boolean {
    return this.#kernel.alive;
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /** The processes that were not killed. */
  get processes(): readonly HostProcess[] {
    return this.#processes.filter(({ alive }) => alive);
  }

  /**
   * A new process; code is run in it by its `run`.
   * @throws Error when the host has no power
   */
  spawn(name: string): HostProcess {
    if (!this.up) throw new Error(`${this.name} has no power: nothing can be started there`);
    const id = this.#nextId();
    const full = `${this.name}/${name}`;
    const process = new HostProcess(id, full, this.#random.fork(`${name} ${id}`), this, this.#network);
    this.#processes = [...this.processes, process];
    return process;
  }

  /** The power goes: all processes end, nobody on the network is told, and the disk loses what was not synced, as the seed says. */
  cutPower(): void {
    if (!this.up) return;
    for (const process of this.processes) process.kill('power');
    this.#kernel.kill('power');
    this.disk.cutPower();
    this.#lostAt = this.scheduler.now;
    this.#network.hostLost(this);
  }

  /** The power comes back; processes are to be started anew. */
  powerOn(): void {
    if (this.up) return;
    this.#kernel = this.#boot();
    this.#network.hostBack(this, this.scheduler.now - this.#lostAt);
  }

  #boot(): Kernel {
    const id = this.#nextId();
    return new SimProcess(id, this.name, this.#random.fork(`boot ${this.#boots++}`), this.scheduler);
  }
}
