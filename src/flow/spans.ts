/** What took time in a batch, as spans: its stages with their tasks, its outputs, its commit. Told as one when the batch is over. */
import type { Clock } from '../core/clock.ts';
import type { Counter, Span, Telemetry } from '../core/telemetry.ts';
import type { BatchReport, StageReport } from '../engine/engine.ts';
import type { Batch } from './batch/batch.ts';

/** An output that has ended. */
export interface EndedOutput {
  readonly id: string;
  readonly kind: string;
  /** ms since the epoch */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Undefined: it did not fail. */
  readonly failureReason: string | undefined;
}

/** What took time in a batch, as spans. */
export class BatchSpans {
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #committed: Counter;
  readonly #givenUp: Counter;
  readonly #events: Counter;

  constructor(clock: Clock, telemetry: Telemetry) {
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#committed = telemetry.counter('batches_committed', { help: 'batches that have committed' });
    this.#givenUp = telemetry.counter('batches_given_up', { help: 'batches whose events come again' });
    this.#events = telemetry.counter('events_committed', { help: 'events in committed batches', unit: 'events' });
  }

  /** The stages of an attempt have run; those that ran ahead are in the batch already. */
  stages(batch: Batch, report: BatchReport): void {
    const ahead = batch.state === 'running' && batch.spans.length === 0 ? (batch.report?.stages ?? []) : [];
    batch.report = report;
    batch.spans.push(...[...ahead, ...report.stages].map(stageSpan));
  }

  output(batch: Batch, { id, kind, startedAt, durationMs, failureReason }: EndedOutput): void {
    batch.spans.push({
      name: 'output',
      startedAt,
      durationMs,
      labels: { output: id, kind },
      ...(failureReason === undefined ? {} : { error: failureReason }),
      parts: [],
    });
  }

  /** @param began in ms since the epoch */
  commit(batch: Batch, began: number): void {
    const durationMs = this.#clock.now() - began;
    batch.spans.push({ name: 'commit', startedAt: began, durationMs, labels: {}, parts: [] });
  }

  /** The batch is over. */
  end(batch: Batch): void {
    if (batch.state === 'committed') {
      this.#committed.add();
      this.#events.add(batch.events);
    } else this.#givenUp.add();
    this.#telemetry.span({
      name: 'batch',
      startedAt: batch.startedAt,
      durationMs: this.#clock.now() - batch.startedAt,
      labels: { time: String(batch.time), events: String(batch.events), state: batch.state },
      parts: batch.spans,
    });
  }
}

function stageSpan({ gave, name, node, site, startedAt, durationMs, tasks }: StageReport): Span {
  return {
    name: 'stage',
    startedAt,
    durationMs,
    labels: { operator: name, node: String(node), ...(site === undefined ? {} : { site }) },
    parts: tasks.map(({ partition, member, durationMs: taskMs }) => ({
      name: 'task',
      startedAt,
      durationMs: taskMs,
      labels: { partition: String(partition), member: String(member) },
      parts: [],
    })),
    gave,
  };
}
