/**
 * Values of a job as bytes and back: Node's structured clone (v8.serialize), which keeps Dates, Maps, typed arrays, bigints and
 * cycles of plain data. Flume events are kept in their Avro bytes. An instance of any other class would come back without its
 * methods: it is refused, when it is written and not when it is needed.
 */
import v8 from 'node:v8';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { serialize } from '../core/machine.ts';
import { EventBlock, FlumeEvent } from './event-block.ts';

/** Stands for an event: an object with this one field, the event's Avro bytes. */
const EVENT = '\u0000streamjob.event';

const PLAIN: ReadonlySet<unknown> = new Set([
  Object.prototype,
  null,
  Array.prototype,
  Date.prototype,
  RegExp.prototype,
  ArrayBuffer.prototype,
  Buffer.prototype,
  Uint8Array.prototype,
  Int8Array.prototype,
  Uint8ClampedArray.prototype,
  Int16Array.prototype,
  Uint16Array.prototype,
  Int32Array.prototype,
  Uint32Array.prototype,
  Float32Array.prototype,
  Float64Array.prototype,
  BigInt64Array.prototype,
  BigUint64Array.prototype,
  DataView.prototype,
  Error.prototype,
]);

/**
 * A value as it can be serialized: itself, or a copy in which Flume events are replaced.
 * @param where names the operator, for the error
 * @throws StreamjobError CHECKPOINT_VALUE
 */
export function toPlain(value: unknown, where: string): unknown {
  try {
    return plain(value, where);
  } catch (error) {
    if (error instanceof RangeError) throw refused('it is nested too deeply, or holds itself', where);
    throw error;
  }
}

function plain(value: unknown, where: string): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw refused(`it is a ${typeof value}`, where);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof FlumeEvent) return { [EVENT]: ownBytes(value.encoded) };
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const before: unknown = value[i];
      const after = plain(before, where);
      if (after !== before) {
        copy ??= value.slice();
        copy[i] = after;
      }
    }
    return copy ?? value;
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [plain(key, where), plain(each, where)]));
  }
  if (value instanceof Set) return new Set([...value].map((each) => plain(each, where)));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!PLAIN.has(prototype) && !(value instanceof Error)) {
    throw refused(
      `it is an instance of ${value.constructor?.name ?? 'a class'}, which would come back as plain data`,
      where,
    );
  }
  if (prototype !== Object.prototype && prototype !== null) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [name, before] of Object.entries(value)) {
    const after = plain(before, where);
    if (after !== before) {
      copy ??= { ...value };
      copy[name] = after;
    }
  }
  return copy ?? value;
}

/** Bytes that can be serialized: those in memory that threads share cannot. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes;
}

/** Puts the events back that `toPlain` replaced; changes the value in place where it can. */
export function fromPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = fromPlain(value[i]);
    return value;
  }
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [fromPlain(key), fromPlain(each)]));
  if (value instanceof Set) return new Set([...value].map(fromPlain));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const encoded = (value as Record<string, unknown>)[EVENT];
  if (encoded instanceof Uint8Array) return EventBlock.fromItems(1, [encoded]).toArray()[0];
  const fields = value as Record<string, unknown>;
  for (const name of Object.keys(fields)) fields[name] = fromPlain(fields[name]);
  return fields;
}

/** Plain data as bytes. @throws StreamjobError CHECKPOINT_VALUE */
export function toBytes(value: unknown): Buffer {
  try {
    return serialize(value);
  } catch (error) {
    throw refused(messageOf(error), 'the checkpoint');
  }
}

/** The inverse of `toBytes`. */
export function fromBytes(bytes: Uint8Array): unknown {
  return v8.deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

function refused(why: string, where: string): StreamjobError {
  return new StreamjobError('CHECKPOINT_VALUE', `a value that is to be remembered cannot be stored: ${why}`, {
    where,
    hint: 'keep plain data in state and windows: primitives, arrays, plain objects, Dates, Maps, Sets, typed arrays; or switch the checkpoint off (checkpointDir: false)',
  });
}
