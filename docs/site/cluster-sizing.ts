/**
 * What a cluster can take, beyond those that could be measured: the formulas of docs/cluster-model.md, which its tables and a test use. The
 * driver's constants are from a simulation without Spark (test/bench/driver/results.json), those of Spark and of executors from a real cluster
 * of one and of two workers; test/unit/docs/cluster-sizing.test.ts holds the formulas to both.
 */

/** A load, and a cluster for it. */
export interface ClusterLoad {
  /** Of all executors together: tasks that run at the same time. */
  readonly cores: number;
  /** `parallelism` of the job. */
  readonly partitions: number;
  /** Hosts that receive. */
  readonly receivers: number;
  /** Events per second, of all receivers. */
  readonly rate: number;
  /** Bytes of an event. */
  readonly eventBytes: number;
  /** Events of a request of a sink: it becomes a block. */
  readonly batchSize: number;
  /** ms */
  readonly batchInterval: number;
  /** µs of CPU that the functions take for an event, as engine `inline` takes them. */
  readonly eventMicros: number;
  /** Of a state; 0: there is none. */
  readonly keys: number;
  /** Different keys that have events in a batch. */
  readonly changedKeys: number;
  /** Bytes of a key with its state. */
  readonly stateBytes: number;
}

/** Partitions of a state are no more than the buckets that keys lie in. */
const STATE_BUCKETS = 128;
/** Up to so many, what a shuffle brings together is brought together in the driver, where it is little. */
const MOST_PARTITIONS_HERE = 256;

/** ms of the driver's CPU for a batch: whatever it is like, and for each of what it counts. */
export const DRIVER_MS = { batch: 17, partition: 0.025, block: 0.02, receiver: 0.04, task: 0.01, state: 0.1 } as const;
/** MB of memory of the driver: of the process, and for each of what it counts in a batch. */
export const DRIVER_MB = { process: 165, partition: 0.03, block: 0.012 } as const;
/** Of one core: what the driver takes while nothing comes, with its timers, and for each receiver that is attached. */
const IDLE_CORES = { driver: 0.007, receiver: 0.000042 } as const;

/** ms of Spark's own driver for a plan: one after the other, on its machine. */
export const PLAN_MS = 350;
/** ms of CPU of an executor for a task beside our functions: Spark's side of it, and the way of its rows. */
export const TASK_MS = 75;
/** µs of CPU of an executor for a key whose state changes, beside the function. */
export const CHANGED_KEY_MICROS = 25;
/** What is written for a key whose state changes, beside its own bytes: its page has others, too. */
const CHANGED_KEY_BYTES = 420;
/** Of the directory of a version, for each key there is. */
const KEY_PLACE_BYTES = 0.42;

/** What a batch is made of. */
export interface BatchParts {
  readonly blocks: number;
  readonly tasks: number;
}

/** How many blocks come for a batch, and how many tasks run it: a stage that reads them, and one behind a shuffle. */
export function partsOf(load: ClusterLoad): BatchParts {
  const { batchInterval, batchSize, cores, keys, partitions, rate, receivers } = load;
  const events = (rate * batchInterval) / 1000;
  const blocks = Math.max(Math.ceil(events / batchSize), Math.min(receivers, Math.ceil(events)));
  const first = Math.min(cores, partitions);
  // A small last stage runs in the driver; one that opens states has a task for each partition.
  const behind = partitions <= MOST_PARTITIONS_HERE ? 0 : Math.min(cores, partitions);
  const second = keys > 0 ? Math.min(partitions, STATE_BUCKETS) : behind;
  return { blocks, tasks: first + second };
}

/** ms of the driver's CPU for a batch. */
export function driverMs({ keys, partitions, receivers }: ClusterLoad, { blocks, tasks }: BatchParts): number {
  const states = keys > 0 ? Math.min(partitions, STATE_BUCKETS) : 0;
  return (
    DRIVER_MS.batch +
    DRIVER_MS.partition * partitions +
    DRIVER_MS.block * blocks +
    DRIVER_MS.receiver * receivers +
    DRIVER_MS.task * tasks +
    DRIVER_MS.state * states
  );
}

/** Cores that the driver takes while nothing comes. */
export function idleCores(receivers: number): number {
  return IDLE_CORES.driver + IDLE_CORES.receiver * receivers;
}

/** MB of the driver's memory at most. */
export function driverMegabytes({ partitions }: Pick<ClusterLoad, 'partitions'>, { blocks }: BatchParts): number {
  return DRIVER_MB.process + DRIVER_MB.partition * partitions + DRIVER_MB.block * blocks;
}

/** ms of CPU of all executors for a batch. */
export function executorsMs(load: ClusterLoad): number {
  const { batchInterval, changedKeys, eventMicros, rate } = load;
  const events = (rate * batchInterval) / 1000;
  return partsOf(load).tasks * TASK_MS + (events * eventMicros + changedKeys * CHANGED_KEY_MICROS) / 1000;
}

/** ms of CPU of all for a batch: the driver, Spark's driver, and the executors. */
export function allCpuMs(load: ClusterLoad): number {
  return driverMs(load, partsOf(load)) + PLAN_MS + executorsMs(load);
}

/** ms from the cut of a batch to its end: the driver, Spark's plan, and the executors at the same time. */
export function batchMs(load: ClusterLoad): number {
  return driverMs(load, partsOf(load)) + PLAN_MS + executorsMs(load) / load.cores;
}

/** ms that an event waits at the mean: half of the interval, and its batch. */
export function latencyMs(load: ClusterLoad): number {
  return load.batchInterval / 2 + batchMs(load);
}

/** Bytes that a batch brings to the storage: events, which are read once as well, and versions of states. */
export function storedBytes(load: ClusterLoad): number {
  const { batchInterval, changedKeys, eventBytes, keys, rate, stateBytes } = load;
  const states = keys === 0 ? 0 : changedKeys * (CHANGED_KEY_BYTES + stateBytes) + keys * KEY_PLACE_BYTES;
  return (rate * batchInterval * eventBytes) / 1000 + states;
}

/** What can be at its end first. */
export type Bound = 'driver' | 'Spark' | 'executors' | 'interval';

/** A part of what is there that is to be free, so that a job catches up after a fault. */
const USED = 0.7;

/** Parts of the interval that each needs: at 1 a batch takes as long as the next one takes to come. */
function usesOf(load: ClusterLoad): Readonly<Record<Bound, number>> {
  const { batchInterval, cores, keys } = load;
  return {
    driver: driverMs(load, partsOf(load)) / batchInterval,
    Spark: PLAN_MS / batchInterval,
    executors: executorsMs(load) / cores / batchInterval,
    // States take in one batch after the other; without them two are on their way at the same time.
    interval: batchMs(load) / batchInterval / (keys > 0 ? 1 : 2),
  };
}

/** What a load is bounded by, and how many events per second the cluster takes with 70 % of it. */
export function clusterLimit(load: ClusterLoad): { readonly eventsPerSecond: number; readonly by: Bound } {
  const fits = (rate: number): boolean => Object.values(usesOf({ ...load, rate })).every((use) => use <= USED);
  let [most, least] = [1e9, 0];
  for (let i = 0; i < 60; i++) {
    const middle = (most + least) / 2;
    if (fits(middle)) least = middle;
    else most = middle;
  }
  const uses = Object.entries(usesOf({ ...load, rate: most })) as [Bound, number][];
  // Where the interval is what ends first, it is one of the others that fills it.
  const [by] = uses.reduce((a, b) => (b[1] > a[1] ? b : a));
  return { eventsPerSecond: least, by };
}
