/** Why the largest part of the time of batches is so large, and which option would change it. */
import type { Bottleneck, BottleneckInput } from './bottleneck-types.ts';

/** A partition that takes so many times the median holds its stage up. */
const SKEWED = 2;
/** What batches spent time on. */
export interface Part {
  readonly kind: 'stage' | 'output' | 'commit' | 'other';
  /** Of its stage or its output. */
  readonly name: string;
  readonly site: string | undefined;
  readonly operator: number | null;
  readonly output: string | null;
  ms: number;
  /** The time of tasks by partition, of a stage. */
  readonly partitions: Map<string, number>;
}

/** Why it is so large. */
export type Reason = Pick<Bottleneck, 'advice' | 'cause' | 'settings'> & { readonly why: string };

/** By what the part is. */
export function reasonOf(part: Part, input: BottleneckInput): Reason {
  if (part.kind === 'stage') return stageReason(part, input);
  if (part.kind === 'output') {
    const inFlight = input.batchesInFlight === 1;
    return {
      cause: 'output',
      why: 'it waits for what it writes to, or for its own function',
      advice: inFlight
        ? 'Let stages of the next batch run meanwhile (batchesInFlight: 2), or write more at once (rdd.foreachPartition).'
        : 'Write more at once (rdd.foreachPartition, one request for many values); larger batches (batchInterval) write less often.',
      settings: inFlight ? ['batchesInFlight', 'batchInterval'] : ['batchInterval'],
    };
  }
  if (part.kind === 'commit') {
    return {
      cause: 'commit',
      why: 'the disk of the checkpoint syncs that slowly',
      advice: 'Put the checkpoint on a faster disk (checkpointDir), or commit less often (batchInterval).',
      settings: ['checkpointDir', 'batchInterval'],
    };
  }
  return {
    cause: 'pauses',
    why: 'the main thread was busy with other things',
    advice: "Keep functions of outputs short, or let worker threads compute (engine: 'threads').",
    settings: ['engine'],
  };
}

function stageReason({ operator, partitions }: Part, input: BottleneckInput): Reason {
  const { cores, engine, operators, parallelism, stateStore } = input;
  if (engine === 'inline') {
    return {
      cause: 'one-thread',
      why: `the functions of the job run on one thread of ${cores} cores`,
      advice: "Let worker threads compute (engine: 'threads', parallelism: as many as there are cores).",
      settings: ['engine', 'parallelism'],
    };
  }
  const skew = skewOf([...partitions.values()]);
  if (skew !== undefined) {
    return {
      cause: 'skew',
      why: `one partition of ${skew.partitions} takes ${skew.factor.toFixed(1)}× the median: a skew of keys`,
      advice:
        'Combine before the shuffle (reduceByKey instead of groupByKey), or split the large key; a larger parallelism alone moves it elsewhere.',
      settings: ['parallelism'],
    };
  }
  const isStateful = operators.find(({ id }) => id === operator)?.isStateful === true;
  if (isStateful && stateStore === 'lmdb') {
    return {
      cause: 'states',
      why: 'its states are read from disk',
      advice: 'Keep more keys in memory (stateCache), or all of them (stateStore: memory).',
      settings: ['stateCache', 'stateStore'],
    };
  }
  if (parallelism < cores) {
    return {
      cause: 'few-workers',
      why: `${parallelism} of ${cores} cores work`,
      advice: 'Let more workers compute (parallelism).',
      settings: ['parallelism'],
    };
  }
  return {
    cause: 'function',
    why: 'all workers are busy with the functions of the job',
    advice: 'Make the function faster, or give each batch more time (batchInterval).',
    settings: ['batchInterval'],
  };
}

function skewOf(times: readonly number[]): { readonly partitions: number; readonly factor: number } | undefined {
  const sorted = [...times].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
  const median = (low + high) / 2;
  const longest = sorted.at(-1) ?? 0;
  const factor = median === 0 ? 0 : longest / median;
  return sorted.length > 2 && factor >= SKEWED ? { partitions: sorted.length, factor } : undefined;
}
