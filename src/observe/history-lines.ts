/**
 * What may stand in a line of the history: files of former runs may be damaged, or be somebody else's. A line with one wrong part is left out,
 * so that all that read the history may go by its types.
 */
import type { Span } from '../core/telemetry.ts';
import type { BatchRecord, FailureOfBatch, InputOfBatch, OutputOfBatch } from './batch-record.ts';

/** The largest time that a date can have, in ms since the epoch. */
const LATEST_MS = 8.64e15;
/** A span has tasks in it, and they have nothing. */
const DEEPEST_SPAN = 4;

/** What may be there of a value that should be a T. */
export type Fields<T> = { readonly [K in keyof T]?: unknown };

/** Whether it is a batch that is over. JSON leaves out what is undefined: it is undefined again when it is read. */
export function isBatchOver(value: unknown): value is BatchRecord {
  const record = fieldsOf<BatchRecord>(value);
  return (
    record.status === 'COMPLETED' &&
    [record.time, record.submittedAt].every(isTime) &&
    [record.startedAt, record.endedAt, record.acknowledgedAt].every((time) => time === undefined || isTime(time)) &&
    isNumber(record.events) &&
    (record.acknowledged === undefined || isNumber(record.acknowledged)) &&
    isTextOrNone(record.givenUp) &&
    isList(record.inputs, isInput) &&
    isList(record.outputs, isOutput) &&
    isList(record.failures, isFailure) &&
    isList(record.spans, (span) => isSpan(span, 0))
  );
}

function isInput(value: unknown): boolean {
  const { events, id } = fieldsOf<InputOfBatch>(value);
  return isNumber(id) && isNumber(events);
}

function isOutput(value: unknown): boolean {
  const { endedAt, failureReason, id, kind, startedAt } = fieldsOf<OutputOfBatch>(value);
  const areTexts = [id, kind].every((text) => typeof text === 'string') && isTextOrNone(failureReason);
  return areTexts && isTime(startedAt) && (endedAt === undefined || isTime(endedAt));
}

function isFailure(value: unknown): boolean {
  const { attempt, code, hint, message, time, where } = fieldsOf<FailureOfBatch>(value);
  return isNumber(attempt) && isTime(time) && typeof message === 'string' && [code, where, hint].every(isTextOrNone);
}

function isSpan(value: unknown, depth: number): boolean {
  const { durationMs, error, gave, labels, name, parts, startedAt } = fieldsOf<Span>(value);
  const isPair = (pair: unknown): boolean => isList(pair, isNumber) && pair.length === 2;
  return (
    depth < DEEPEST_SPAN &&
    typeof name === 'string' &&
    isTextOrNone(error) &&
    isTime(startedAt) &&
    isNumber(durationMs) &&
    typeof labels === 'object' &&
    labels !== null &&
    Object.values(labels).every((label) => typeof label === 'string') &&
    (gave === undefined || isList(gave, isPair)) &&
    isList(parts, (part) => isSpan(part, depth + 1))
  );
}

/** The fields of anything. */
export function fieldsOf<T>(value: unknown): Fields<T> {
  return typeof value === 'object' && value !== null ? value : {};
}

function isList(value: unknown, isOne: (one: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isOne);
}

/** Whether it is a number that JSON can have. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Whether it is a time, in ms since the epoch. */
export function isTime(value: unknown): boolean {
  return isNumber(value) && Math.abs(value) <= LATEST_MS;
}

function isTextOrNone(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}
