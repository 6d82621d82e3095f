/** Values that this process read or made itself, as a block of events for the write-ahead log: each value is an event's body. */
import { EventBlock, encodeLong } from '../../avro/event-block.ts';
import { fromBytes, fromPlain, toBytes, toPlain } from '../../avro/stored-values.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';

/** So that a person who opens the file sees what the bodies are. */
const HEADERS = Buffer.concat([
  encodeLong(1),
  ...['streamjob.body', 'v8.serialize'].flatMap((text) => [encodeLong(text.length), Buffer.from(text)]),
  encodeLong(0),
]);

/** @param input names the values' origin, for errors @throws StreamjobError CHECKPOINT_VALUE */
export function valuesToBlock(values: Chunk<unknown>, input: string): EventBlock {
  const items: Buffer[] = [];
  values.forEach((value) => {
    const body = toBytes(toPlain(value, input));
    items.push(HEADERS, encodeLong(body.length), body);
  });
  return EventBlock.fromItems(values.count, items);
}

/** The inverse. */
export function blockToValues(block: EventBlock): Chunk<unknown> & { readonly values: readonly unknown[] } {
  return valuesChunk(block.toArray().map((event) => fromPlain(fromBytes(Buffer.from(event.body)))));
}
