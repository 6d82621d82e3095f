/** What a serializer is: it makes the bytes of an event in a file. Sinks that write files have one as a nested component. */
import type { PlainEvent } from '../../core/event.ts';
import type { ComponentType } from '../component/component-type.ts';

/** The bytes of one event, in parts that are written one behind the other; a part may be the event's own body. */
export type Serializer = (event: PlainEvent) => readonly Uint8Array[];

/** What a serializer is given. */
export interface SerializerContext {
  /** The component it is in, for people: `sink k1`. */
  readonly owner: string;
}

/** A type of serializer. */
export type SerializerType = ComponentType<SerializerContext, Serializer>;

/** What ends a line. */
export const NEWLINE: Uint8Array = Buffer.from('\n');
