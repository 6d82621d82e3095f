/**
 * What holds a job up, in words, why, and the option that would change it. Pure: worked out of the spans of the last batches, the limits
 * of receivers and a few settings. The largest part of the batches' time is what is named; nothing is named that was not measured.
 */
import type { Span } from '../core/telemetry.ts';
import { type BatchRecord, type FailureOfBatch, processingTimeOf, schedulingDelayOf } from './batch-record.ts';
import { type Part, reasonOf } from './bottleneck-reasons.ts';
import type { Bottleneck, BottleneckInput } from './bottleneck-types.ts';
import { nodeOf } from './load.ts';
import type { ObservedOutput } from './observed.ts';
import { durationText } from './verdict.ts';

/** A receiver that gives this part of what it may is held back. */
const AT_LIMIT = 0.9;
/** A batch that runs for less than this is not worth a word, however short the interval is; in ms. */
const LEAST_RUN_MS = 1000;
/** Beyond this part of the interval a batch has no time to spare. */
const FULL = 0.9;

/** @returns undefined: no batch with events was run lately */
export function bottleneckOf(input: BottleneckInput): Bottleneck | undefined {
  return runningOf(input) ?? lastOf(input);
}

/** A batch that runs for longer than the interval holds the job up, whatever those before it did. */
function runningOf(input: BottleneckInput): Bottleneck | undefined {
  const { batchIntervalMs, outputs, running } = input;
  if (running === undefined || running.forMs <= Math.max(batchIntervalMs, LEAST_RUN_MS)) return undefined;
  const { failure, forMs, output = null, step } = running;
  const common = { isHolding: true, operator: null, output, share: 1 };
  if (failure !== undefined) return { ...common, ...failing(failure) };
  const site = outputs.find(({ id }) => id === output)?.site;
  const part: Part = {
    ...{ kind: step, name: output ?? 'the batch', site, operator: null, output, ms: forMs, partitions: new Map() },
  };
  const { advice, cause, settings, why } = reasonOf(part, input);
  const what = step === 'stage' ? 'a stage' : nameOf(part);
  const interval = durationText(batchIntervalMs);
  const text = `a batch runs for ${durationText(forMs)}, longer than the interval of ${interval}, and is at ${what}: ${why}`;
  return { ...common, cause, text, advice, settings };
}

function lastOf(input: BottleneckInput): Bottleneck | undefined {
  const batches = input.batches.filter(({ events, startedAt }) => events > 0 && startedAt !== undefined);
  if (batches.length === 0) return undefined;
  const processingMs = sumOf(batches, processingTimeOf);
  const parts = partsOf(batches, input, processingMs);
  const { isHolding, how } = paceOf(batches, input, processingMs);
  // Of a job that keeps up, what is no step is of no interest, unless there is nothing else.
  const largest = (isHolding ? undefined : parts.find(({ kind, ms }) => kind !== 'other' && ms > 0)) ?? parts[0];
  if (largest === undefined || processingMs === 0) return nothingOf(input);
  const share = Math.min(1, largest.ms / processingMs);
  const common = { isHolding, operator: largest.operator, output: largest.output, share };
  const failed = batches.filter(({ failures }) => failures.length > 0);
  if (failed.length > 0 && (largest.kind === 'other' || failed.length * 2 > batches.length)) {
    return { ...common, ...failing(failed.at(-1)?.failures.at(-1)), isHolding: true };
  }
  const limited = isHolding ? undefined : limitedOf(input);
  if (limited !== undefined) return limited;
  const what = `${nameOf(largest)} takes ${percent(share)} of the processing time`;
  const { advice, cause, settings, why } = reasonOf(largest, input);
  return { ...common, cause, text: `${what} and ${how}${why === '' ? '' : `: ${why}`}`, advice, settings };
}

function nothingOf(input: BottleneckInput): Bottleneck {
  return (
    limitedOf(input) ?? {
      ...{ cause: 'nothing', isHolding: false, share: 0, operator: null, output: null, settings: [] },
      text: 'batches take no time that could be measured',
      advice: 'Nothing needs to be changed.',
    }
  );
}

/** Whether batches take the time that there is, in words. */
function paceOf(
  batches: readonly BatchRecord[],
  { batchIntervalMs, batches: all }: BottleneckInput,
  processingMs: number,
): { readonly isHolding: boolean; readonly how: string } {
  const mean = processingMs / batches.length;
  const waits = sumOf(batches, schedulingDelayOf) / batches.length;
  const [first, last] = [batches[0], batches.at(-1)];
  // Batches that are cut eagerly come closer than the interval: what counts is whether there is time between them.
  const spanMs = (last?.endedAt ?? 0) - (first?.startedAt ?? 0);
  const isBusy = batches.length > 1 && processingMs > FULL * spanMs;
  const interval = durationText(batchIntervalMs);
  if (mean > batchIntervalMs) {
    // A job that was held up and has caught up since is not held up any more; of one batch alone nobody knows.
    const newest = all.at(-1);
    const isLate = newest !== undefined && (schedulingDelayOf(newest) ?? 0) > batchIntervalMs / 2;
    return {
      isHolding: all.length === 1 || isLate,
      how: `batches take ${durationText(mean)}, longer than the interval of ${interval}`,
    };
  }
  if (waits > batchIntervalMs / 2 && isBusy) {
    return { isHolding: true, how: `batches wait ${durationText(waits)} for their turn` };
  }
  return { isHolding: false, how: `batches take ${durationText(mean)} of the interval of ${interval}` };
}

/** What the batches' time was spent on, the largest first. */
function partsOf(
  batches: readonly BatchRecord[],
  { operators, outputs }: BottleneckInput,
  processingMs: number,
): Part[] {
  const names = new Map(operators.map(({ id, name }) => [id, name]));
  const parts = new Map<string, Part>();
  for (const span of batches.flatMap(({ spans }) => spans)) {
    const fresh = partOf(span, names, outputs);
    if (fresh === undefined) continue;
    const key = `${fresh.kind} ${fresh.output ?? fresh.name} ${fresh.site}`;
    const part = parts.get(key) ?? fresh;
    parts.set(key, part);
    part.ms += span.durationMs;
    for (const { durationMs, labels } of span.parts) {
      const partition = labels['partition'] ?? '';
      part.partitions.set(partition, (part.partitions.get(partition) ?? 0) + durationMs);
    }
  }
  const all = [...parts.values()];
  const rest = processingMs - all.reduce((sum, { ms }) => sum + ms, 0);
  const none = { site: undefined, operator: null, output: null, partitions: new Map<string, number>() };
  const other: Part = { ...none, kind: 'other', name: 'other', ms: Math.max(0, rest) };
  return [...all, other].sort((a, b) => b.ms - a.ms);
}

function partOf(span: Span, names: ReadonlyMap<number, string>, outputs: readonly ObservedOutput[]): Part | undefined {
  const { labels, name } = span;
  const none = { site: labels['site'], operator: null, output: null, ms: 0, partitions: new Map<string, number>() };
  if (name === 'stage') {
    return { ...none, kind: 'stage', name: labels['operator'] ?? '', operator: nodeOf(span, names) ?? null };
  }
  if (name === 'output') {
    const id = labels['output'] ?? '';
    return { ...none, kind: 'output', name: id, output: id, site: outputs.find((one) => one.id === id)?.site };
  }
  return name === 'commit' ? { ...none, kind: 'commit', name: 'commit' } : undefined;
}

function nameOf({ kind, name, site }: Part): string {
  const at = site === undefined ? '' : ` at ${site}`;
  if (kind === 'stage') return `the stage of ${name}${at}`;
  if (kind === 'output') return `the output ${name}${at}`;
  return kind === 'commit' ? 'the commit' : 'what is no step (pauses between attempts, the turn of the event loop)';
}

function failing(last: FailureOfBatch | undefined): Pick<Bottleneck, 'advice' | 'cause' | 'settings' | 'text'> {
  const where = last?.where === undefined ? '' : ` at ${last.where}`;
  return {
    cause: 'failing',
    text: `batches fail and are run again: ${last?.message ?? 'no reason is known'}${where}`,
    advice: "Mend what fails; a value that cannot be processed can be left out (onPoison: 'skip').",
    settings: ['onPoison', 'onFailure'],
  };
}

/** A receiver that gives as much as it may, where the limit is one that was set and not one that the batches have brought about. */
function limitedOf({ inputs, maxRate }: BottleneckInput): Bottleneck | undefined {
  const held = inputs.find(
    ({ given, limit }) => maxRate !== undefined && limit >= maxRate && given >= AT_LIMIT * limit,
  );
  if (held === undefined) return undefined;
  return {
    ...{ cause: 'rate-limit', isHolding: true, operator: null, output: null, share: 0 },
    text: `${held.name} is held back by its rate limit: it gives ${Math.round(held.given)} of ${Math.round(held.limit)} events/s that it may, and batches have time to spare`,
    advice: 'Allow more (backpressure.maxRate).',
    settings: ['backpressure'],
  };
}

function sumOf(batches: readonly BatchRecord[], of: (batch: BatchRecord) => number | undefined): number {
  return batches.reduce((sum, batch) => sum + (of(batch) ?? 0), 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
