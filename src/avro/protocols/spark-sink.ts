/**
 * SparkFlumeProtocol: what Spark's buffering sink (SparkSink) inside a Flume agent speaks with the receiver that polls it,
 * unchanged from Spark 1.3 to 2.4. `getEventBatch(n)`, `ack(sequenceNumber)`, `nack(sequenceNumber)`.
 */
import type { PlainEvent } from '../../core/event.ts';
import { EventBlock } from '../event-block.ts';
import { encodeEvents } from '../event-bytes.ts';
import { checkedEvents, type EventLimits } from '../event-check.ts';
import { lazyType } from '../lazy-type.ts';
import { AvroReader } from '../reader.ts';
import { encodeString } from '../writer.ts';
import type { RpcProtocol } from './protocol.ts';

const BATCH_SCHEMA = {
  type: 'record' as const,
  name: 'EventBatch',
  fields: [
    { name: 'errorMsg', type: 'string', default: '' },
    { name: 'sequenceNumber', type: 'string' },
    {
      name: 'events',
      type: {
        type: 'array' as const,
        items: {
          type: 'record' as const,
          name: 'SparkSinkEvent',
          fields: [
            {
              name: 'headers',
              type: { type: 'map' as const, values: 'string' },
            },
            { name: 'body', type: 'bytes' },
          ],
        },
      },
    },
  ],
};

const sequenceRequest = [{ name: 'sequenceNumber', type: 'string' }];

/** The protocol with the hash that every real SparkSink sends for it. */
export const sparkSinkProtocol: RpcProtocol = {
  name: 'SparkFlumeProtocol',
  text: JSON.stringify({
    protocol: 'SparkFlumeProtocol',
    namespace: 'org.apache.spark.streaming.flume.sink',
    types: [BATCH_SCHEMA],
    messages: {
      getEventBatch: {
        request: [{ name: 'n', type: 'int' }],
        response: 'EventBatch',
      },
      ack: { request: sequenceRequest, response: 'null' },
      nack: { request: sequenceRequest, response: 'null' },
    },
  }),
  hash: Buffer.from('45f3c2c4aa53244ceaacda6731dedffb', 'hex'),
  messages: ['getEventBatch', 'ack', 'nack'],
};

const stringType = lazyType(() => 'string');
const intType = lazyType(() => 'int');

/** A batch as the sink makes it. A batch with an `errorMsg` has no events and must not be acknowledged. */
export interface OutgoingBatch {
  readonly errorMsg: string;
  readonly sequenceNumber: string;
  readonly events: readonly PlainEvent[];
}

/** A batch as the receiver gets it. */
export interface IncomingBatch {
  readonly errorMsg: string;
  readonly sequenceNumber: string;
  readonly events: EventBlock;
}

/** The parameters of `getEventBatch`. @param n the most events to fetch */
export function encodeGetEventBatch(n: number): Buffer {
  return intType().toBuffer(n);
}

/** @throws StreamjobError PROTOCOL_ERROR when the parameters are no number */
export function decodeGetEventBatch(params: Buffer): number {
  return new AvroReader(params).long();
}

/** The result of `getEventBatch`. */
export function encodeEventBatch(batch: OutgoingBatch): Buffer {
  return Buffer.concat([encodeString(batch.errorMsg), encodeString(batch.sequenceNumber), encodeEvents(batch.events)]);
}

/** The longest message of a sink that is shown, and the longest number of a batch that is taken, in bytes. */
const MOST_MESSAGE_BYTES = 1000;
const MOST_SEQUENCE_BYTES = 1000;

/** @throws StreamjobError PROTOCOL_ERROR when the result is no batch, LIMIT_EXCEEDED */
export function decodeEventBatch(result: Buffer): IncomingBatch {
  const reader = new AvroReader(result);
  const errorMsg = reader.beginning(MOST_MESSAGE_BYTES);
  const sequenceNumber = reader.string(MOST_SEQUENCE_BYTES);
  return {
    errorMsg,
    sequenceNumber,
    events: EventBlock.fromArray(result, reader.position),
  };
}

/**
 * As {@link decodeEventBatch}, of a stranger: in slices where there are many events, and within limits.
 * @throws StreamjobError PROTOCOL_ERROR when the result is no batch, LIMIT_EXCEEDED
 */
export async function checkedEventBatch(result: Buffer, limits: EventLimits): Promise<IncomingBatch> {
  const reader = new AvroReader(result);
  const errorMsg = reader.beginning(MOST_MESSAGE_BYTES);
  const sequenceNumber = reader.string(MOST_SEQUENCE_BYTES);
  return { errorMsg, sequenceNumber, events: await checkedEvents(result, reader.position, limits) };
}

/** The parameters of `ack` and `nack`. */
export function encodeSequence(sequenceNumber: string): Buffer {
  return stringType().toBuffer(sequenceNumber);
}

/** @throws StreamjobError PROTOCOL_ERROR when the parameters are no string */
export function decodeSequence(params: Buffer): string {
  return new AvroReader(params).string(MOST_SEQUENCE_BYTES);
}

/** The result of `ack` and `nack`: Avro's null has no bytes. */
export function encodeNull(): Buffer {
  return Buffer.alloc(0);
}
