/**
 * The streaming endpoints of Spark's REST API, with its paths and fields (Spark 3.5, "Monitoring and Instrumentation", REST API;
 * /applications/[app-id]/streaming/…), so that what reads those reads these. Times are as Spark writes them, durations ms; what is absent
 * is left out.
 */
import {
  type BatchRecord,
  type BatchStatus,
  firstFailureOf,
  type OutputOfBatch,
  outputCountsOf,
  processingTimeOf,
  schedulingDelayOf,
  totalDelayOf,
} from '../batch-record.ts';
import type { Observer } from '../observer.ts';

const STATUSES: readonly BatchStatus[] = ['COMPLETED', 'QUEUED', 'PROCESSING'];

/** What there is not. */
export class NotFound extends Error {}

/** What was asked for in a way that has no answer. */
export class BadRequest extends Error {}

/** `…/streaming/statistics`. */
export function statistics(observer: Observer): object {
  const { batchIntervalMs, history, observed } = observer;
  const { batches, totals } = history;
  const receivers = observed.receivers();
  const active = receivers.filter(({ state }) => state === 'running').length;
  const done = batches.filter(({ status }) => status === 'COMPLETED');
  return {
    startTime: sparkTime(history.startedAt ?? observed.clock.now()),
    batchDuration: batchIntervalMs,
    numReceivers: receivers.length,
    numActiveReceivers: active,
    numInactiveReceivers: receivers.length - active,
    numTotalCompletedBatches: totals.batches + totals.givenUpBatches,
    numRetainedCompletedBatches: done.length,
    numActiveBatches: batches.length - done.length,
    numProcessedRecords: totals.processedEvents,
    numReceivedRecords: totals.receivedEvents,
    ...withMean('avgInputRate', batches, ({ events }) => (events * 1000) / batchIntervalMs),
    ...withMean('avgSchedulingDelay', batches, schedulingDelayOf),
    ...withMean('avgProcessingTime', batches, processingTimeOf),
    ...withMean('avgTotalDelay', batches, totalDelayOf),
  };
}

/** `…/streaming/receivers`. */
export function receivers(observer: Observer): object[] {
  const ids = new Set(observer.observed.receivers().map(({ id }) => id));
  return [...ids].map((id) => receiver(observer, id));
}

/** `…/streaming/receivers/ID`. @throws NotFound */
export function receiver({ batchIntervalMs, history, observed, redaction }: Observer, id: number): object {
  const found = observed.receivers().find((one) => one.id === id);
  if (found === undefined) throw new NotFound(`unknown receiver: ${id}`);
  const { batches } = history;
  const rates = batches.map(({ inputs, time }) => {
    const events = inputs.find((input) => input.id === id)?.events ?? 0;
    return [time, (events * 1000) / batchIntervalMs] as const;
  });
  const { lastError, name, state } = found;
  const message = redaction.ofMessage(lastError?.message ?? '');
  return {
    streamId: id,
    streamName: name,
    isActive: state === 'running',
    executorId: 'driver',
    executorHost: 'localhost',
    ...(lastError === undefined
      ? {}
      : {
          lastErrorTime: sparkTime(lastError.time),
          lastErrorMessage: message,
          lastError: message,
        }),
    ...(rates.length === 0 ? {} : { avgEventRate: rates.reduce((sum, [, rate]) => sum + rate, 0) / rates.length }),
    eventRates: rates,
  };
}

/** `…/streaming/batches`, newest first. @param asked the values of `status`; none: all @throws BadRequest */
export function batches({ batchIntervalMs, history }: Observer, asked: readonly string[]): object[] {
  const wanted = asked.map((text) => {
    const status = STATUSES.find((one) => one === text.toUpperCase());
    if (status === undefined) throw new BadRequest(`no status: ${text}; there are ${STATUSES.join(', ')}`);
    return status;
  });
  return history.batches
    .filter(({ status }) => wanted.length === 0 || wanted.includes(status))
    .map((batch) => batchFields(batch, batchIntervalMs))
    .reverse();
}

/** `…/streaming/batches/TIME`. @throws NotFound */
export function batch(observer: Observer, time: number): object {
  return batchFields(recordOf(observer, time), observer.batchIntervalMs);
}

/** `…/streaming/batches/TIME/operations`. @throws NotFound */
export function operations(observer: Observer, time: number): object[] {
  return recordOf(observer, time).outputs.map((output) => operationFields(observer, output));
}

/** `…/streaming/batches/TIME/operations/ID`: the number of an output, or its name. @throws NotFound */
export function operation(observer: Observer, time: number, id: string): object {
  const found = recordOf(observer, time).outputs.find((output) =>
    [output.id, String(numberOf(observer, output))].includes(id),
  );
  if (found === undefined) throw new NotFound(`unknown output operation: ${id}`);
  return operationFields(observer, found);
}

/** @throws NotFound */
export function recordOf({ history }: Observer, time: number): BatchRecord {
  const record = history.batch(time);
  if (record === undefined) throw new NotFound(`unknown batch: ${time}`);
  return record;
}

function batchFields(record: BatchRecord, batchIntervalMs: number): object {
  const { events, outputs, status, time } = record;
  const { failed, succeeded, total } = outputCountsOf(record);
  return {
    batchId: time,
    batchTime: sparkTime(time),
    status,
    batchDuration: batchIntervalMs,
    inputSize: events,
    ...present('schedulingDelay', schedulingDelayOf(record)),
    ...present('processingTime', processingTimeOf(record)),
    ...present('totalDelay', totalDelayOf(record)),
    numActiveOutputOps: outputs.filter(({ endedAt }) => endedAt === undefined).length,
    numCompletedOutputOps: succeeded,
    numFailedOutputOps: failed,
    numTotalOutputOps: total,
    ...present('firstFailureReason', firstFailureOf(record)),
  };
}

function operationFields(observer: Observer, output: OutputOfBatch): object {
  const { endedAt, failureReason, id, kind, startedAt } = output;
  const site = observer.observed.outputs.find((one) => one.id === id)?.site;
  return {
    outputOpId: numberOf(observer, output),
    name: id,
    description: site === undefined ? kind : `${kind} at ${site}`,
    startTime: sparkTime(startedAt),
    ...(endedAt === undefined ? {} : { endTime: sparkTime(endedAt), duration: endedAt - startedAt }),
    ...present('failureReason', failureReason),
    jobIds: [],
  };
}

/** Spark numbers outputs in the order of their making. */
function numberOf({ observed }: Observer, { id }: OutputOfBatch): number {
  return observed.outputs.findIndex((output) => output.id === id);
}

function present(name: string, value: unknown): object {
  return value === undefined ? {} : { [name]: value };
}

function withMean(
  name: string,
  batches: readonly BatchRecord[],
  of: (batch: BatchRecord) => number | undefined,
): object {
  const values = batches.map(of).filter((value) => value !== undefined);
  return values.length === 0 ? {} : { [name]: values.reduce((sum, value) => sum + value, 0) / values.length };
}

/** As Spark's REST writes times. @example sparkTime(0) // '1970-01-01T00:00:00.000GMT' */
export function sparkTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', 'GMT');
}
