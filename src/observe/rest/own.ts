/** Endpoints of our own, beside Spark's: where events are, what peers wait for, what a batch did, the graph. Times are ms since the epoch. */
import type { Span } from '../../core/telemetry.ts';
import {
  type BatchRecord,
  type BatchStatus,
  firstFailureOf,
  type OutputCounts,
  outputCountsOf,
  processingTimeOf,
  type Segments,
  schedulingDelayOf,
  segmentsOf,
  totalDelayOf,
} from '../batch-record.ts';
import type { Bottleneck } from '../bottleneck-types.ts';
import { type DeadLettersRead, readDeadLetters } from '../dead-letters.ts';
import type { LogLine } from '../log-tail.ts';
import type { Observer, Step, WaitingPeer } from '../observer.ts';
import type { ThreadProfile } from '../profile/profiler.ts';
import { recentBottleneck } from '../recent.ts';
import { masked } from '../secrets.ts';
import { type Setting, settingsOf } from '../settings.ts';
import type { Verdict } from '../verdict.ts';
import { BadRequest, recordOf } from './spark.ts';

/** What the first look at a job needs. */
export interface Overview {
  readonly name: string;
  readonly state: string;
  readonly now: number;
  readonly startedAt: number | null;
  readonly batchIntervalMs: number;
  readonly verdict: Verdict;
  readonly steps: readonly (Omit<Step, 'oldestMs'> & { readonly oldestMs: number | null })[];
  /** What takes most of the time of the last batches; null: none with events was run lately. */
  readonly bottleneck: Bottleneck | null;
  /** Events that peers wait for an answer of. */
  readonly heldEvents: number;
  readonly totals: Observer['history']['totals'];
}

/** `…/overview`. */
export function overview(observer: Observer): Overview {
  const { batchIntervalMs, history, observed } = observer;
  return {
    name: observed.name,
    state: observed.state(),
    now: observed.clock.now(),
    startedAt: history.startedAt ?? null,
    batchIntervalMs,
    verdict: observer.verdict(),
    steps: observer.steps().map(({ oldestMs, ...step }) => ({ ...step, oldestMs: oldestMs ?? null })),
    bottleneck: recentBottleneck(observer) ?? null,
    heldEvents: observer.heldEvents,
    totals: history.totals,
  };
}

/** `…/peers`. */
export function peers(observer: Observer): readonly WaitingPeer[] {
  return observer.peers();
}

/** A batch in a timeline. */
export interface TimelineBatch {
  readonly time: number;
  readonly status: BatchStatus;
  readonly events: number;
  /** Attempts that failed. */
  readonly failures: number;
  readonly givenUp: boolean;
  readonly acknowledged: number | null;
  readonly schedulingDelayMs: number | null;
  readonly processingMs: number | null;
  readonly totalDelayMs: number | null;
  readonly outputs: OutputCounts;
  /** What failed first, in words. */
  readonly error: string | null;
  readonly segments: Segments;
}

/** `…/timeline`, oldest first. @param since only batches after this time */
export function timeline({ history }: Observer, since: number): TimelineBatch[] {
  return history.batches.filter(({ time }) => time > since).map(timelineBatch);
}

/** A batch in a timeline. */
export function timelineBatch(record: BatchRecord): TimelineBatch {
  const { acknowledged, events, failures, givenUp, status, time } = record;
  return {
    time,
    status,
    events,
    failures: failures.at(-1)?.attempt ?? 0,
    givenUp: givenUp !== undefined,
    acknowledged: acknowledged ?? null,
    schedulingDelayMs: schedulingDelayOf(record) ?? null,
    processingMs: processingTimeOf(record) ?? null,
    totalDelayMs: totalDelayOf(record) ?? null,
    outputs: outputCountsOf(record),
    error: firstFailureOf(record) ?? null,
    segments: segmentsOf(record),
  };
}

/** `…/batches/TIME`: all that is known of it. @throws NotFound */
export function detail(observer: Observer, time: number): object {
  const { history, observed } = observer;
  const record = recordOf(observer, time);
  const times = history.batches.map((batch) => batch.time);
  const at = times.indexOf(time);
  const { acknowledged, acknowledgedAt, endedAt, failures, givenUp, inputs, outputs, startedAt, status, submittedAt } =
    record;
  const names = new Map(observed.receivers().map(({ id, name }) => [id, name]));
  const operators = new Map(observed.operators.map((operator) => [operator.input, operator.name]));
  return {
    time,
    status,
    events: record.events,
    submittedAt,
    startedAt: startedAt ?? null,
    endedAt: endedAt ?? null,
    acknowledgedAt: acknowledgedAt ?? null,
    acknowledged: acknowledged ?? null,
    givenUp: givenUp ?? null,
    schedulingDelayMs: schedulingDelayOf(record) ?? null,
    processingMs: processingTimeOf(record) ?? null,
    totalDelayMs: totalDelayOf(record) ?? null,
    segments: segmentsOf(record),
    inputs: inputs.map(({ events, id }) => ({ id, name: names.get(id) ?? operators.get(id) ?? `input ${id}`, events })),
    stages: record.spans.filter(({ name }) => name === 'stage').map(stageFields),
    outputs: outputs.map(({ endedAt: ended, failureReason, id, kind, startedAt: began }) => ({
      id,
      kind,
      site: observed.outputs.find((output) => output.id === id)?.site ?? null,
      startedAt: began,
      durationMs: ended === undefined ? null : ended - began,
      failureReason: failureReason ?? null,
    })),
    failures: failures.map(({ attempt, code, hint, message, time: at, where }) => ({
      attempt,
      time: at,
      code: code ?? null,
      message,
      where: where ?? null,
      hint: hint ?? null,
    })),
    previous: times[at - 1] ?? null,
    next: times[at + 1] ?? null,
  };
}

function stageFields({ durationMs, labels, parts, startedAt }: Span): object {
  return {
    operator: labels['operator'] ?? '',
    site: labels['site'] ?? null,
    startedAt,
    durationMs,
    tasks: parts.map(({ durationMs: taken, labels: { partition, member } }) => ({
      partition: Number(partition),
      member: Number(member),
      durationMs: taken,
    })),
  };
}

/** `…/graph`: the operators and outputs, and who reads whom. */
export function graph({ observed }: Observer): object {
  return {
    operators: observed.operators.map(({ id, input, isKept, isStateful, name, parents, site, slideMs, windowMs }) => ({
      id,
      name,
      site: site ?? null,
      parents,
      windowMs,
      slideMs,
      input: input ?? null,
      isStateful,
      isKept,
    })),
    outputs: observed.outputs.map(({ id, kind, operator, site }) => ({ id, kind, operator, site: site ?? null })),
  };
}

/** `…/receivers`: where each receiver is, what it may give and what it gave. */
export function inputs({ observed, redaction }: Observer): object[] {
  const samples = observed.telemetry.samples();
  const read = (name: string, id: number): number | null =>
    samples.find((sample) => sample.name === name && sample.labels?.['input'] === String(id))?.value ?? null;
  return observed.receivers().map(({ id, lastError, name, state }) => ({
    id,
    name,
    state,
    lastError: lastError === undefined ? null : { ...lastError, message: redaction.ofMessage(lastError.message) },
    events: read('received_events', id),
    bytes: read('received_bytes', id),
    rateLimit: read('input_rate', id),
    openDeliveries: read('open_deliveries', id),
    connections: read('push_connections', id),
  }));
}

/** `…/log`: the last lines of the job's log, oldest first, without secrets. @param since only lines behind that number */
export function log({ log: tail, redaction }: Observer, since: number): readonly LogLine[] {
  const shown = (message: string): string => masked(redaction.ofMessage(message));
  return (tail?.lines(since) ?? []).map((line) => ({ ...line, message: shown(line.message) }));
}

/** `…/deadletters`: values that functions threw on and that were left out, by error. */
export function deadLetters({ history, observed, redaction }: Observer): Promise<DeadLettersRead> {
  return readDeadLetters(history.deadLetterFile ?? observed.deadLetterFile, redaction);
}

/** `…/settings`. */
export function settings({ observed, run }: Observer): readonly Setting[] {
  return settingsOf(observed.settings, run);
}

const MOST_SECONDS = 60;

/** `…/profile`. @throws BadRequest */
export async function profile(observer: Observer, seconds = '5'): Promise<readonly ThreadProfile[]> {
  const count = Number(seconds);
  if (!(Number.isInteger(count) && count >= 1 && count <= MOST_SECONDS)) {
    throw new BadRequest(`seconds is a whole number from 1 to ${MOST_SECONDS}`);
  }
  const profiler = await observer.profiler();
  return profiler.profile(count);
}
