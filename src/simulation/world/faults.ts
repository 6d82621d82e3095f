/** What goes wrong in a simulation, one after the other as the seed says; each fault ends by itself after a while. */
import diagnostics from 'node:diagnostics_channel';
import type { Point } from '../../core/points.ts';
import type { Host } from '../machine/host.ts';
import type { LinkQuality } from '../machine/net/wire.ts';
import type { Random } from '../machine/random.ts';
import type { Simulation } from '../machine/simulation.ts';

/** Kinds of fault. Each seed switches some of them off, so that rare ones get their turn. */
export const FAULTS = [
  'kill-job',
  'power-job',
  'pause-job',
  'kill-agent',
  'power-agent',
  'pause-agent',
  'cut-connection',
  'partition',
  'slow-network',
  'disk-error',
  'disk-full',
  'slow-disk',
  'clock-jump',
  'user-throws',
  'user-hangs',
  'store-away',
  'stop-job',
  'kill-at-point',
  'power-at-point',
  'kill-at-await',
  'power-at-await',
  'bit-rot',
] as const;

/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** What faults are done to. */
export interface Targets {
  readonly simulation: Simulation;
  readonly job: Host;
  /** Of the embedded agents. */
  readonly agents: readonly Host[];
  /** Of all peers, the agents among them. */
  readonly peers: readonly Host[];
  /** What users' functions and the database do. */
  readonly users: Users;
  /** Asks the job to stop gracefully, in so many ms; it is started again. */
  readonly stopJob: (timeout: number) => void;
  /** A host's processes are about to be killed, or its power cut. */
  readonly killed: (host: Host) => void;
  /** Files of the job that remember something, and how many bytes at the front of each are proven to be on disk. */
  readonly kept: () => readonly (readonly [file: string, bytes: number])[];
  /** A file of the job lost what it held. */
  readonly rotted: () => void;
  /** For the story. */
  readonly tell: (what: string) => void;
}

/** What users' functions and the database do. */
export interface Users {
  /** The job's function throws. */
  throws: boolean;
  /** The job's outputs wait. */
  hangs: boolean;
  /** All calls of the database fail. */
  databaseIsAway: boolean;
}

/** Starts a fault. @returns what ends it, and how long it lasts in ms */
type Begin = (targets: Targets, random: Random) => { readonly ms: number; readonly end: () => void } | undefined;

const nothing = (): void => {};

function kill(host: Host, killed: Targets['killed']): void {
  killed(host);
  for (const process of host.processes) process.kill();
}

function power(host: Host, killed: Targets['killed'], ms: number): { ms: number; end: () => void } {
  killed(host);
  host.cutPower();
  return { ms, end: () => host.powerOn() };
}

function pause(host: Host, ms: number): { ms: number; end: () => void } {
  const { processes } = host;
  for (const process of processes) process.pause();
  return {
    ms,
    end: () => {
      for (const process of processes) process.resume();
    },
  };
}

function during(users: Users, what: keyof Users, ms: number): { ms: number; end: () => void } {
  users[what] = true;
  return {
    ms,
    end: () => {
      users[what] = false;
    },
  };
}

const SYSCALLS = ['write', 'sync', 'open', 'rename', 'unlink', 'truncate', 'mkdir', 'close', 'read'] as const;

/** A disk of the job or of an agent. */
function disk({ agents, job }: Targets, random: Random) {
  return random.pick([job, job, ...agents]).disk;
}

/** Those that a job comes by. */
const JOB_POINTS: readonly Point[] = [
  'received',
  'logged',
  'cut',
  'outputs-done',
  'checkpoint-written',
  'committed',
  'before-rename',
  'after-rename',
];
/** So long it is waited for that the job comes by, in ms. */
const COMES_BY_MS = 20_000;

/** Strikes when the job comes to a point of src/core/points.ts; often again, when the next run comes to it. */
function atPoint(
  targets: Targets,
  random: Random,
  strike: (targets: Targets) => void,
): { ms: number; end: () => void } {
  const { job, simulation, tell } = targets;
  const awaited = random.pick(JOB_POINTS);
  let left = random.pick([1, 1, 2, 3]);
  const onPoint = (point: unknown): void => {
    if (point !== awaited || simulation.running?.host !== job) return;
    if (--left === 0) end();
    tell(`the job is at ${awaited}`);
    strike(targets);
  };
  const end = (): void => void diagnostics.unsubscribe('streamjob:point', onPoint);
  diagnostics.subscribe('streamjob:point', onPoint);
  return { ms: COMES_BY_MS, end };
}

/** Strikes in the middle of an event of the job, between two awaits. */
function atAwait(
  { job, simulation, tell }: Targets,
  random: Random,
  strike: () => void,
): { ms: number; end: () => void } | undefined {
  const [process] = job.processes;
  if (process === undefined) return undefined;
  const [events, jobs] = [random.int(100), random.int(random.pick([4, 30]))];
  const end = simulation.scheduler.interrupt(process, events, jobs, () => {
    tell(`the job is ${jobs} awaits into an event`);
    strike();
  });
  return { ms: COMES_BY_MS, end };
}

const BEGIN: Readonly<Record<Fault, Begin>> = {
  'kill-job': ({ job, killed }) => {
    kill(job, killed);
    return { ms: 0, end: nothing };
  },
  'power-job': ({ job, killed }, random) => power(job, killed, random.between(100, 5000)),
  'pause-job': ({ job }, random) => pause(job, random.between(100, 30_000)),
  'kill-agent': ({ agents, killed }, random) => {
    if (agents.length === 0) return undefined;
    kill(random.pick(agents), killed);
    return { ms: 0, end: nothing };
  },
  'power-agent': ({ agents, killed }, random) =>
    agents.length === 0 ? undefined : power(random.pick(agents), killed, random.between(100, 5000)),
  'pause-agent': ({ agents }, random) =>
    agents.length === 0 ? undefined : pause(random.pick(agents), random.between(100, 30_000)),
  'cut-connection': ({ job, peers, simulation }, random) => {
    simulation.network.cut(job, random.pick(peers), random.pick(['reset', 'end', 'silent']));
    return { ms: 0, end: nothing };
  },
  partition: ({ job, peers, simulation }, random) => {
    const peer = random.pick(peers);
    simulation.network.partition(job, peer, random.chance(0.3));
    return { ms: random.between(500, 40_000), end: () => simulation.network.heal(job, peer) };
  },
  'slow-network': ({ job, peers, simulation }, random) => {
    const peer = random.pick(peers);
    const most = random.between(1, 2000);
    const quality = { delay: [most / 2, most], bytesPerMs: random.pick([0.3, 3]) } as const;
    const set = (of: Partial<LinkQuality>): void => {
      simulation.network.setQuality(job, peer, of);
      simulation.network.setQuality(peer, job, of);
    };
    set(quality);
    return { ms: random.between(500, 20_000), end: () => set({}) };
  },
  'disk-error': (targets, random) => {
    const { faults } = disk(targets, random);
    const call = random.pick(SYSCALLS);
    faults.eio[call] = random.pick([0.05, 0.5, 1]);
    return {
      ms: random.between(10, 3000),
      end: () => {
        faults.eio[call] = 0;
      },
    };
  },
  'disk-full': (targets, random) => {
    const of = disk(targets, random);
    of.fail({ call: 'write', code: 'ENOSPC', times: 1 + random.int(5) });
    return { ms: 0, end: nothing };
  },
  'slow-disk': (targets, random) => {
    const { faults } = disk(targets, random);
    faults.slow = { chance: random.pick([0.05, 0.5]), ms: random.pick([100, 2000]) };
    return {
      ms: random.between(100, 10_000),
      end: () => {
        faults.slow = { chance: 0, ms: 0 };
      },
    };
  },
  'clock-jump': ({ job }, random) => {
    job.clock.jump(random.pick([-3_600_000, -60_000, -5000, -500, 500, 5000, 60_000]));
    return { ms: 0, end: nothing };
  },
  'user-throws': ({ users }, random) => during(users, 'throws', random.between(100, 5000)),
  'user-hangs': ({ users }, random) => during(users, 'hangs', random.between(100, 30_000)),
  'store-away': ({ users }, random) => during(users, 'databaseIsAway', random.between(100, 20_000)),
  'stop-job': ({ stopJob }, random) => {
    stopJob(random.pick([1, 300, 10_000]));
    return { ms: 0, end: nothing };
  },
  'kill-at-point': (targets, random) => atPoint(targets, random, ({ job, killed }) => kill(job, killed)),
  'power-at-point': (targets, random) =>
    atPoint(targets, random, ({ job, killed, simulation }) => {
      const { end, ms } = power(job, killed, random.between(100, 5000));
      simulation.world.after(ms, 'fault-end', end);
    }),
  'kill-at-await': (targets, random) => atAwait(targets, random, () => kill(targets.job, targets.killed)),
  'power-at-await': (targets, random) =>
    atAwait(targets, random, () => {
      const { end, ms } = power(targets.job, targets.killed, random.between(100, 5000));
      targets.simulation.world.after(ms, 'fault-end', end);
    }),
  'bit-rot': ({ job, kept, rotted, tell }, random) => {
    const files = kept();
    if (files.length === 0) return undefined;
    const [file, bytes] = random.pick(files);
    tell(`a bit of ${file} turns over`);
    job.disk.flipBits(file, 1, bytes);
    rotted();
    return { ms: 0, end: nothing };
  },
};

/** Injects faults until it is told to stop. */
export class FaultDriver {
  readonly injected: Map<Fault, number> = new Map();
  readonly #targets: Targets;
  readonly #random: Random;
  readonly #kinds: readonly Fault[];
  readonly #calmMs: number;
  readonly #ends = new Set<() => void>();
  #stopped = false;

  constructor(targets: Targets, faults: ReadonlySet<Fault>, calmMs: number) {
    this.#targets = targets;
    this.#random = targets.simulation.random.fork('faults');
    this.#kinds = [...faults];
    this.#calmMs = calmMs;
    if (this.#kinds.length > 0) this.#next();
  }

  /** No more faults, and all that last end. */
  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#ends]) end();
  }

  #next(): void {
    const wait = this.#calmMs * -Math.log(1 - this.#random.unit());
    this.#targets.simulation.world.after(wait, 'fault', () => {
      if (this.#stopped) return;
      this.#inject(this.#random.pick(this.#kinds));
      this.#next();
    });
  }

  #inject(kind: Fault): void {
    const { simulation } = this.#targets;
    const begun = BEGIN[kind](this.#targets, this.#random);
    if (begun === undefined) return;
    simulation.note('fault', kind);
    this.#targets.tell(begun.ms === 0 ? kind : `${kind}, for ${Math.round(begun.ms)} ms`);
    this.injected.set(kind, (this.injected.get(kind) ?? 0) + 1);
    if (begun.ms === 0) return;
    const end = (): void => {
      if (!this.#ends.delete(end)) return;
      simulation.note('fault-ends', kind);
      this.#targets.tell(`${kind} is over`);
      begun.end();
    };
    this.#ends.add(end);
    simulation.world.after(begun.ms, 'fault-end', end);
  }
}
