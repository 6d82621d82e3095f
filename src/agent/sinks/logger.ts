/** The logger sink: writes each event to the log, as Flume writes it. Unlike Flume's, it honours maxBytesToLog. */
import type { PlainEvent } from '../../core/event.ts';
import { defineComponent } from '../component/component.ts';
import { int, type Values } from '../component/fields.ts';
import { deliverBatch, type Sink, type SinkContext, type SinkStatus, type SinkType } from './sink.ts';

const fields = { maxBytesToLog: int({ unit: 'bytes', doc: 'bytes of the body that are shown', default: 16 }) };

const ROW_BYTES = 16;

/**
 * One event as a line (or, past 16 bytes, several) for people.
 * @example
 * formatEvent({ headers: {}, body: Buffer.from('hi') }, 16); // 'Event: { headers:{} body: 68 69 … hi }'
 */
export function formatEvent({ headers, body }: PlainEvent, maxBytes: number): string {
  const pairs = Object.entries(headers).map(([key, value]) => `${key}=${value}`);
  const shown = Buffer.from(body.subarray(0, maxBytes));
  const rows: string[] = [];
  for (let at = 0; at < shown.length; at += ROW_BYTES) rows.push(dumpRow(shown.subarray(at, at + ROW_BYTES)));
  // As in Flume, the first row has no offset, and of an empty body nothing is shown.
  const offset = (row: number): string => (row === 0 ? '' : `\n${hexOf(row * ROW_BYTES, 8)}`);
  const dump = rows.map((row, i) => `${offset(i)} ${row}`).join('');
  return `Event: { headers:{${pairs.join(', ')}} body:${dump} }`;
}

function dumpRow(bytes: Buffer): string {
  const hex = [...bytes].map((byte) => `${hexOf(byte, 2)} `).join('');
  const text = [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
  return `${hex.padEnd(ROW_BYTES * 3)}${text}`;
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

class LoggerSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;

  constructor(values: Values<typeof fields>, context: SinkContext) {
    this.#values = values;
    this.#context = context;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  process(): Promise<SinkStatus> {
    const { log } = this.#context;
    return deliverBatch(this.#context, 1, ({ events }) => {
      for (const event of events) log.info({}, formatEvent(event, this.#values.maxBytesToLog));
    });
  }
}

/** The logger sink. */
export const logger: SinkType = defineComponent({
  type: 'logger',
  aliases: ['org.apache.flume.sink.LoggerSink'],
  doc: 'writes events to the log',
  delivery: 'At least once into the log, which nobody syncs: it is for looking at events.',
  differences: ['maxBytesToLog counts; Flume ignores it.'],
  fields,
  create: (values, context: SinkContext): Sink => new LoggerSink(values, context),
});
