/** A loaded phase: from one commit after the warm-up to another one, what was used and what was done. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from './load.ts';
import { NotRun, type Side } from './side.ts';
import { median, percentile } from './stats.ts';

/** What was measured. */
export interface Phase {
  readonly events: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  /** Cores that were busy on average. */
  readonly cores: number;
  /** From the start of the process. */
  readonly peakBytes: number;
  /** From a request to its answer. */
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  /** From an event's batch time to its commit, over batches. */
  readonly delayP50Ms: number;
  readonly delayMaxMs: number;
  /** What the load itself used, in cores; undefined for a load that does not tell. */
  readonly loadCores: number | undefined;
  /** Acknowledged and never committed; undefined: not waited for. */
  readonly dropped?: number;
}

/** How long. */
export interface Lengths {
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** Measures a side under a load that runs already. @throws NotRun */
export async function measure(side: Side, load: Load, { warmupSeconds, seconds }: Lengths): Promise<Phase> {
  await side.nextCommit();
  await Promise.race([sleep(warmupSeconds * 1000), side.gone()]);
  const from = await side.nextCommit();
  load.mark();
  await Promise.race([sleep(seconds * 1000), side.gone()]);
  const to = await side.nextCommit();
  const report = await load.report();
  if (report.failed > 0) throw new NotRun(`${side.process.name}: the load failed: ${report.failure ?? 'see its log'}`);
  const events = to.events - from.events;
  const wall = (to.at - from.at) / 1000;
  const cpu = to.cpuSeconds - from.cpuSeconds;
  const delays = side.commits.slice(from.batches, to.batches).map(({ totalDelayMs }) => totalDelayMs);
  return {
    events,
    seconds: wall,
    eventsPerSecond: events / wall,
    cpuPerMillion: (cpu / events) * 1e6,
    cores: cpu / wall,
    peakBytes: side.process.peakBytes(),
    ackP50Ms: report.p50Ms,
    ackP99Ms: report.p99Ms,
    delayP50Ms: median(delays),
    delayMaxMs: percentile(delays, 1),
    loadCores: report.cpuSeconds === undefined ? undefined : report.cpuSeconds / wall,
  };
}

const DRAIN_MS = 60_000;

/** Stops the load and waits until all that was acknowledged has committed. @returns the events that never came */
export async function drain(side: Side, load: Load): Promise<number> {
  const { acked } = await load.stop();
  const deadline = performance.now() + DRAIN_MS;
  while (side.events < acked && performance.now() < deadline) {
    if (side.process.exit !== undefined) throw side.failure();
    await sleep(50);
  }
  return Math.max(0, acked - side.events);
}

/** Waits until so many events have committed. @throws NotRun when that does not come */
export async function committed(side: Side, events: number): Promise<void> {
  while (side.events < events) await side.nextCommit();
}

/** What a fixed number of events took, from the first one sent to the last one committed. */
export interface Work {
  readonly eventsPerSecond: number;
  readonly cpuPerMillion: number;
  readonly peakBytes: number;
}

/** Lets a side do a fixed number of events, as fast as it takes them, after `warmup` others; all of them committed. @throws NotRun */
export async function fixedWork(side: Side, port: number, warmup: number, events: number): Promise<Work> {
  const send = async (total: number): Promise<void> => {
    const load = Load.generator({ port, total });
    try {
      await committed(side, side.events + total);
    } finally {
      await load.process.kill();
    }
  };
  await send(warmup);
  const before = side.process.cpuSeconds();
  const since = performance.now();
  await send(events);
  return {
    eventsPerSecond: (events / (performance.now() - since)) * 1000,
    cpuPerMillion: ((side.process.cpuSeconds() - before) / events) * 1e6,
    peakBytes: side.process.peakBytes(),
  };
}
