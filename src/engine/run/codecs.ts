/** Values on their way from thread to thread: plain data, in which Flume events are their Avro bytes. */
import { fromPlain, toPlain } from '../../avro/stored-values.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Pairs } from './combining.ts';
import type { PieceCodec } from './exchange.ts';

/** Values as they are sent. @param operator for the error @throws StreamjobError VALUE_NOT_PLAIN */
export function toMessage(values: readonly unknown[], operator: string): unknown {
  try {
    return toPlain(values, operator);
  } catch (cause) {
    if (!(cause instanceof StreamjobError)) throw cause;
    throw new StreamjobError(
      'VALUE_NOT_PLAIN',
      cause.message.replace(/that is to be remembered cannot be stored/, 'cannot go to another thread'),
      {
        where: operator,
        hint: "give plain data to shuffles and outputs: primitives, arrays, plain objects, Dates, Maps, Sets, typed arrays, Flume events; or use engine: 'inline'",
        cause,
      },
    );
  }
}

/** The inverse. */
export function fromMessage(message: unknown): unknown[] {
  const values = message as unknown[];
  // The common case: nothing in it can be an event.
  return values.every((value) => typeof value !== 'object' || value === null)
    ? values
    : (fromPlain(values) as unknown[]);
}

/** Codec of values. */
export function valuesCodec(operator: string): PieceCodec<readonly unknown[]> {
  return { encode: (values) => toMessage(values, operator), decode: fromMessage };
}

/** Codec of pairs: keys and values apart, since two arrays of primitives are cloned much faster than one array of arrays. */
export function pairsCodec(operator: string): PieceCodec<Pairs> {
  return {
    encode: (pairs) => [
      toMessage(
        pairs.map(([key]) => key),
        operator,
      ),
      toMessage(
        pairs.map(([, value]) => value),
        operator,
      ),
    ],
    decode: (encoded) => {
      const [keys, values] = (encoded as unknown[]).map(fromMessage) as [unknown[], unknown[]];
      return keys.map((key, i) => [key, values[i]]);
    },
  };
}
