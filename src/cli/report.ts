/** What `streamjob run` writes about batches: JSON lines on stdout, or a live status line on a terminal. */
import type { BatchSummary, OutputSummary } from '../core/events.ts';
import { eventsPerSecond, RATED } from './rate.ts';
import { drawnLine } from './terminal.ts';

/** One batch as a line of JSON, with the field names that are documented. */
export function batchLine(batch: BatchSummary): string {
  return JSON.stringify({
    batch: batch.time,
    events: batch.events,
    schedulingDelayMs: batch.schedulingDelayMs,
    processingMs: batch.processingMs,
    totalDelayMs: batch.totalDelayMs,
    outputs: batch.outputs.map(outputJson),
    acked: batch.acked,
  });
}

function outputJson({ id, kind, label, elements, more }: OutputSummary): object {
  return { id, kind, ...(label === undefined ? {} : { label }), elements: elements.map(jsonValue), more };
}

/** JSON has no bigint, bytes, Map or Set; they become text and arrays. An event becomes its headers and body. */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonValue);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Map) return [...value].map(jsonValue);
  if (value instanceof Set) return [...value].map(jsonValue);
  if ('text' in value && typeof value.text === 'function' && 'headers' in value) {
    return { headers: value.headers, body: (value.text as () => string)() };
  }
  if ('toJSON' in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonValue(each)]));
}

const CLEAR_LINE = '\r\u001b[2K';

/** What a status line says beside its batch. */
export interface JobSummary {
  readonly verdict: string;
  /** Events that peers wait for an answer of. */
  readonly heldEvents: number;
}

/** A line at the bottom of a terminal that shows how the job is doing. */
export class StatusLine {
  readonly #out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>;
  /** Asked at each line; undefined: nobody knows. */
  summary: (() => JobSummary) | undefined;
  #batches = 0;
  #events = 0;
  #last: { readonly time: number; readonly events: number }[] = [];

  constructor(out: Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'>) {
    this.#out = out;
  }

  /** Takes the line away before something else is written. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write(CLEAR_LINE);
  }

  show({ events, time, totalDelayMs }: BatchSummary): void {
    this.#batches++;
    this.#events += events;
    this.#last = [...this.#last.slice(-RATED), { time, events }];
    if (!this.#out.isTTY) return;
    const { heldEvents = 0, verdict } = this.summary?.() ?? {};
    const parts = [
      `${this.#batches} batches`,
      `${this.#events} events (${eventsPerSecond(this.#last) ?? this.#events}/s)`,
      `delay ${totalDelayMs} ms`,
      ...(heldEvents > 0 ? [`${heldEvents} not yet acknowledged`] : []),
      ...(verdict === undefined ? [] : [verdict]),
    ];
    this.#out.write(`${CLEAR_LINE}${drawnLine(parts.join(' | '), this.#out)}`);
  }
}
