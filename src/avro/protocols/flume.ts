/**
 * AvroSourceProtocol: what Flume's Avro sinks, sources and RPC clients speak, unchanged from Flume 1.4 to 1.11.
 * `append(event)` and `appendBatch(events)`, both answered by a Status.
 */
import { StreamjobError } from '../../core/errors.ts';
import type { PlainEvent } from '../../core/event.ts';
import { EventBlock } from '../event-block.ts';
import { encodedLength, encodeEvents, writeEvent } from '../event-bytes.ts';
import { checkedEvents, type EventLimits } from '../event-check.ts';
import { AvroReader } from '../reader.ts';
import type { RpcProtocol } from './protocol.ts';

/** The answer to an append: taken, not taken (send again), or not known. */
export type FlumeStatus = 'OK' | 'FAILED' | 'UNKNOWN';

const STATUSES: readonly FlumeStatus[] = ['OK', 'FAILED', 'UNKNOWN'];

/** The two messages of the protocol. */
export type FlumeMessage = 'append' | 'appendBatch';

const EVENT_SCHEMA = {
  type: 'record',
  name: 'AvroFlumeEvent',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
} as const;

/** The protocol with the hash that every real Flume client and server sends for it. */
export const flumeProtocol: RpcProtocol = {
  name: 'AvroSourceProtocol',
  text: JSON.stringify({
    protocol: 'AvroSourceProtocol',
    namespace: 'org.apache.flume.source.avro',
    types: [{ type: 'enum', name: 'Status', symbols: STATUSES }, EVENT_SCHEMA],
    messages: {
      append: {
        request: [{ name: 'event', type: 'AvroFlumeEvent' }],
        response: 'Status',
      },
      appendBatch: {
        request: [{ name: 'events', type: { type: 'array', items: 'AvroFlumeEvent' } }],
        response: 'Status',
      },
    },
  }),
  hash: Buffer.from('86aadae2c45474c0fe93ffd0f2350a65', 'hex'),
  messages: ['append', 'appendBatch'],
};

/** The parameters of `append`. */
export function encodeAppend(event: PlainEvent): Buffer {
  const bytes = Buffer.allocUnsafe(encodedLength(event));
  writeEvent(event, bytes, 0);
  return bytes;
}

/** The parameters of `appendBatch`. */
export function encodeAppendBatch(events: readonly PlainEvent[]): Buffer {
  return encodeEvents(events);
}

/**
 * The events of a request, checked but not decoded.
 * @throws StreamjobError PROTOCOL_ERROR when the parameters are no events
 */
export function decodeEvents(message: FlumeMessage, params: Buffer): EventBlock {
  return message === 'append' ? EventBlock.fromEvent(params) : EventBlock.fromArray(params);
}

/**
 * The events of a request of a stranger: at once where they are few, after some turns of the event loop where they are many.
 * @throws StreamjobError PROTOCOL_ERROR when the parameters are no events, LIMIT_EXCEEDED; at once or by the promise
 */
export function checkedRequest(
  message: FlumeMessage,
  params: Buffer,
  limits: EventLimits,
): EventBlock | Promise<EventBlock> {
  return checkedEvents(params, message === 'append' ? 'one' : 0, limits);
}

/** The result of both messages. */
export function encodeStatus(status: FlumeStatus): Buffer {
  return Buffer.of(STATUSES.indexOf(status) * 2);
}

/** @throws StreamjobError PROTOCOL_ERROR when the bytes are no status */
export function decodeStatus(result: Buffer): FlumeStatus {
  const status = STATUSES[new AvroReader(result).long()];
  if (status === undefined) throw new StreamjobError('PROTOCOL_ERROR', 'the answer is not a status of Flume');
  return status;
}
