/** What a seed decides before anything happens: which job, which peers, how long, and which kinds of fault may come. */

import type { Random } from '../../../src/simulation/machine/random.ts';
import { FAULTS, type Fault } from '../../../src/simulation/world/faults.ts';

/** The window of a job, in ms. */
export interface WindowPlan {
  readonly length: number;
  readonly slide: number;
  /** Whether it keeps a state, that slices enter and leave; else all slices are read each time, and batches may run ahead. */
  readonly isReduced: boolean;
}

/** How the job of a seed is made. */
export interface JobPlan {
  readonly reliability: 'end-to-end' | 'store-on-failure';
  readonly cut: 'interval' | 'eager';
  /** In ms. */
  readonly batchInterval: number;
  readonly batchesInFlight: 1 | 2;
  /** Whether events that come again are dropped by their id. */
  readonly ids: boolean;
  /** Whether it counts in a state, in a window, and writes text files. */
  readonly counts: boolean;
  readonly window: WindowPlan | undefined;
  readonly files: boolean;
  /** The peers' request timeout, in ms. */
  readonly peerTimeout: number;
  /** The sinks' timeout, in ms. */
  readonly sinkTimeout: number;
  readonly maxBacklogBytes: number;
  readonly maxLogBytes: number;
  readonly parallelism: number;
  /** Whether a function throws on some events, always, which are left out then, and are dead letters. */
  readonly poison: boolean;
  /** Whether it reads lines of files, too, which somebody moves into a directory of its disk. */
  readonly lines: boolean;
  /** Whether it has no checkpoint: it remembers nothing. */
  readonly isVolatile: boolean;
}

/** An agent of the seed. */
export interface AgentPlan {
  readonly name: string;
  readonly channel: 'file' | 'memory' | 'spillable';
  /** Puts what the job does not take on its disk. */
  readonly storeOnFailure: boolean;
}

/** All that a seed decides before anything happens. */
export interface Plan {
  readonly job: JobPlan;
  /** An older or newer version of the job: each start runs one of the two. */
  readonly other: JobPlan | undefined;
  /** Whether the files of the checkpoint are cleared up after some kB, not after many MB. */
  readonly smallFiles: boolean;
  readonly flumeSinks: number;
  readonly sparkSinks: number;
  readonly agents: readonly AgentPlan[];
  /** How many events each peer has, and in how long it gets them, in ms. */
  readonly eventsPerPeer: number;
  /** How long the body of an event is, in bytes, beside its id. */
  readonly bodyBytes: number;
  /** How many sinks each fake Flume has on its channel, which send at the same time. */
  readonly sinksPerFlume: number;
  readonly feedMs: number;
  /** Between two faults, in ms on average. */
  readonly calmMs: number;
  readonly faults: ReadonlySet<Fault>;
}

/** Whether the function of a job throws on an event, always. @param id `flume0-17` */
export function isPoison(id: string): boolean {
  return Number(id.slice(id.lastIndexOf('-') + 1)) % 7 === 3;
}

/** @param swarm switches about half of the faults off @param only of the faults; left out: all */
export function planOf(random: Random, swarm: boolean, only: readonly Fault[] = FAULTS): Plan {
  const job = jobOf(random);
  const flumeSinks = random.int(3);
  const sparkSinks = random.int(2);
  const agents = Array.from({ length: flumeSinks + sparkSinks === 0 ? 1 : random.int(3) }, (_, i): AgentPlan => {
    const storeOnFailure = job.reliability === 'store-on-failure' && random.chance(0.5);
    const isDurable = !storeOnFailure && random.chance(job.reliability === 'end-to-end' ? 0.85 : 0.3);
    // Of numbers of its own, so that a seed's story is otherwise what it was.
    const isSpillable = random.fork(`spillable agent${i}`).chance(isDurable ? 0.15 : 0.5);
    return { name: `agent${i}`, channel: isSpillable ? 'spillable' : isDurable ? 'file' : 'memory', storeOnFailure };
  });
  const other = !job.isVolatile && random.chance(0.2) ? otherVersionOf(job, random) : undefined;
  const isLarge = random.chance(0.25);
  const eventsPerPeer = random.pick([20, 60, 150]);
  return {
    job,
    other,
    smallFiles: random.chance(0.5),
    flumeSinks,
    sparkSinks,
    agents,
    eventsPerPeer: isLarge ? Math.min(60, eventsPerPeer) : eventsPerPeer,
    bodyBytes: isLarge ? random.pick([500, 2000]) : 0,
    sinksPerFlume: random.pick([1, 1, 1, 4]),
    feedMs: random.pick([5000, 20_000, 40_000]),
    calmMs: random.pick([1000, 3000, 8000]),
    faults: faultsOf(job, random, swarm, only),
  };
}

function jobOf(random: Random): JobPlan {
  const peerTimeout = random.pick([5000, 20_000]);
  const batchInterval = random.pick(peerTimeout === 5000 ? [100, 250, 500, 1000] : [100, 250, 500, 1000, 2000]);
  // A job whose batches may run ahead: nothing of it needs one to wait for the commit of the one before.
  const isLean = random.chance(0.15);
  const ids = !isLean && random.chance(0.6);
  const slides = random.pick([1, 2]);
  const job: JobPlan = {
    reliability: random.chance(0.35) ? 'store-on-failure' : 'end-to-end',
    cut: random.chance(0.3) ? 'eager' : 'interval',
    batchInterval,
    batchesInFlight: isLean || random.chance(0.5) ? 2 : 1,
    ids,
    counts: !isLean && random.chance(0.6),
    window: random.chance(0.4)
      ? {
          length: batchInterval * slides * random.pick([2, 3]),
          slide: batchInterval * slides,
          isReduced: !isLean && random.chance(0.7),
        }
      : undefined,
    files: random.chance(0.3),
    peerTimeout,
    sinkTimeout: random.pick([10_000, 60_000]),
    maxBacklogBytes: random.pick([20_000, 256 * 1024 * 1024]),
    maxLogBytes: random.pick([30_000, 8 * 1024 * 1024 * 1024]),
    parallelism: random.pick([1, 2, 3]),
    poison: !isLean && random.chance(0.15),
    lines: !isLean && random.chance(0.2),
    isVolatile: false,
  };
  const isVolatile = isLean && job.window === undefined && job.reliability === 'end-to-end' && random.chance(0.5);
  return { ...job, isVolatile };
}

/** What somebody may change in a job that has a checkpoint (docs/reliability.md, "The job may be changed"). */
function otherVersionOf(job: JobPlan, random: Random): JobPlan {
  const { window } = job;
  const isOther = (): boolean => random.chance(0.5);
  return {
    ...job,
    reliability: isOther() ? 'end-to-end' : 'store-on-failure',
    cut: isOther() ? 'eager' : 'interval',
    batchesInFlight: isOther() ? 2 : 1,
    parallelism: random.pick([1, 2, 3]),
    counts: isOther() ? !job.counts : job.counts,
    batchInterval: window === undefined ? job.batchInterval * random.pick([1, 2]) : job.batchInterval,
    window: window === undefined ? undefined : { ...window, length: window.slide * random.pick([2, 3, 4]) },
  };
}

/** Rare in a swarm: who finds damage stops, and nothing more comes of the seed. */
const ROT: Fault = 'bit-rot';

function faultsOf(job: JobPlan, random: Random, swarm: boolean, only: readonly Fault[]): ReadonlySet<Fault> {
  // In some seeds nothing goes wrong: there, nothing may come twice.
  if (swarm && random.chance(0.05)) return new Set();
  const faults = new Set(only.filter((fault) => !swarm || random.chance(fault === ROT ? 0.06 : 0.5)));
  // What is left out because a function throws now and then would not be the same for all outputs.
  if (job.poison) faults.delete('user-throws');
  // Which files are new is told by their times: those of a clock that was set are too old, or not there yet.
  if (job.lines) faults.delete('clock-jump');
  return faults;
}
