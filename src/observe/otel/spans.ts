/** A batch as a span, with a span for each stage, output and commit in it. They are told when the batch is over, with the times of then. */
import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { Span as Part } from '../../core/telemetry.ts';
import { type BatchRecord, firstFailureOf, schedulingDelayOf } from '../batch-record.ts';

/** What of the package is used: it is loaded when it is wanted. */
export interface SpanApi {
  readonly trace: { setSpan(context: Context, span: Span): Context };
  readonly ROOT_CONTEXT: Context;
  readonly SpanStatusCode: { readonly ERROR: number };
}

/** Spans of one batch are not more than these. */
const MOST_PARTS = 200;

/** Tells a batch. */
export function tellBatch(record: BatchRecord, tracer: Tracer, { ROOT_CONTEXT, SpanStatusCode, trace }: SpanApi): void {
  const { acknowledged, endedAt, events, failures, givenUp, inputs, outputs, spans, startedAt, submittedAt, time } =
    record;
  const began = startedAt ?? submittedAt;
  const root = tracer.startSpan(
    'batch',
    {
      startTime: began,
      root: true,
      attributes: {
        'streamjob.batch.time': time,
        'streamjob.batch.events': events,
        'streamjob.batch.acknowledged': acknowledged ?? 0,
        'streamjob.batch.failed_attempts': failures.at(-1)?.attempt ?? 0,
        'streamjob.batch.scheduling_delay': (schedulingDelayOf(record) ?? 0) / 1000,
        'streamjob.batch.inputs': inputs.length,
        'streamjob.batch.outputs': outputs.length,
      },
    },
    ROOT_CONTEXT,
  );
  const within = trace.setSpan(ROOT_CONTEXT, root);
  for (const part of spans.slice(0, MOST_PARTS)) {
    const span = tracer.startSpan(nameOf(part), optionsOf(part), within);
    if (part.error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: part.error });
    span.end(part.startedAt + part.durationMs);
  }
  for (const { attempt, code, message, time: at, where } of failures) {
    root.addEvent(
      'exception',
      {
        'exception.type': code ?? 'Error',
        'exception.message': message,
        'streamjob.attempt': attempt,
        ...(where === undefined ? {} : { 'code.location': where }),
      },
      at,
    );
  }
  if (givenUp !== undefined) root.setStatus({ code: SpanStatusCode.ERROR, message: givenUp });
  else if (endedAt === undefined) root.setStatus({ code: SpanStatusCode.ERROR, message: firstFailureOf(record) ?? '' });
  root.end(endedAt ?? began);
}

function nameOf({ labels, name }: Part): string {
  const of = labels['operator'] ?? labels['output'];
  return of === undefined ? name : `${name} ${of}`;
}

function optionsOf({ labels, parts, startedAt }: Part): SpanOptions {
  const attributes = Object.fromEntries(Object.entries(labels).map(([name, value]) => [`streamjob.${name}`, value]));
  return { startTime: startedAt, attributes: { ...attributes, 'streamjob.tasks': parts.length } };
}
