/** What a serializer of the hbase sinks is: it says which rows an event becomes, and what it adds to counters. */
import type { Clock } from '../../../core/clock.ts';
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Logger } from '../../../core/log.ts';
import type { ComponentType } from '../../component/component-type.ts';

/** A value of a column of the sink's family. */
export interface Cell {
  /** The qualifier: the name of the column within its family. */
  readonly column: Uint8Array;
  readonly value: Uint8Array;
}

/** Cells of one row that are written. */
export interface Put {
  readonly row: Uint8Array;
  readonly cells: readonly Cell[];
}

/** What is added to a counter, which is a cell with a long of 8 bytes. */
export interface Increment {
  readonly row: Uint8Array;
  readonly column: Uint8Array;
  readonly amount: number;
}

/** What an event becomes. */
export interface Mutations {
  readonly puts: readonly Put[];
  readonly increments: readonly Increment[];
}

/** What an event becomes. @throws StreamjobError EVENT_UNREADABLE: it cannot be written, so that its batch cannot either */
export type HbaseSerializer = (event: PlainEvent) => Mutations;

/** What a serializer is given. */
export interface HbaseSerializerContext {
  /** The component it is in, for people: `sink k1`. */
  readonly owner: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** A type of serializer of the hbase sinks. */
export type HbaseSerializerType = ComponentType<HbaseSerializerContext, HbaseSerializer>;

/** HConstants.MAX_ROW_LENGTH. */
const LONGEST_ROW = 32_767;

/** A row key, as HBase takes it. @param fault how the error begins: whose row it is @throws StreamjobError EVENT_UNREADABLE */
export function rowKey(bytes: Buffer, fault: () => string): Buffer {
  if (bytes.length > 0 && bytes.length <= LONGEST_ROW) return bytes;
  const what = bytes.length === 0 ? 'is empty' : `has ${bytes.length} bytes`;
  throw new StreamjobError('EVENT_UNREADABLE', `${fault()}: the row key ${what}, expected 1 to ${LONGEST_ROW} bytes`, {
    hint: 'change the pattern, or drop such events with an interceptor; until then they stay in the channel, and all behind them',
  });
}
