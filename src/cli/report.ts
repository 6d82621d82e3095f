/** What `streamjob run` writes about batches: JSON lines on stdout, or a live status line on a terminal. */
import type { BatchSummary, OutputSummary } from '../core/events.ts';

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

/** A line at the bottom of a terminal that shows how the job is doing. */
export class StatusLine {
  readonly #out: NodeJS.WriteStream;
  #batches = 0;
  #events = 0;
  #firstTime: number | undefined;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** Takes the line away before something else is written. */
  clear(): void {
    if (this.#out.isTTY) this.#out.write(CLEAR_LINE);
  }

  show(batch: BatchSummary): void {
    this.#batches++;
    this.#events += batch.events;
    this.#firstTime ??= batch.time;
    if (!this.#out.isTTY) return;
    const seconds = Math.max(1, (batch.time - this.#firstTime) / 1000);
    const rate = Math.round(this.#events / seconds);
    const text = `${this.#batches} batches | ${this.#events} events (${rate}/s) | delay ${batch.totalDelayMs} ms`;
    this.#out.write(`${CLEAR_LINE}${text.slice(0, Math.max(20, this.#out.columns - 1))}`);
  }
}
